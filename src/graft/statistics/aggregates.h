// What runs on several tasks come to in one number, and its interval (Agarwal et al. 2021, arXiv:2108.13264). Scores
// are normalised, a row a run, a column a task, and the table is full: a failed run is scored, not dropped.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "graft/core/random.h"

namespace graft::statistics {

struct RunScores {
  std::span<const double> values;  // runs x tasks
  int64_t runs = 0, tasks = 0;
};

// The mean of what is left when a quarter of the values, rounded down, is cut from each end: of fewer than four, all.
double interquartile_mean(std::span<const double> values);

// How much is missing to `gamma`: gamma - mean(min(x, gamma)).
double optimality_gap(std::span<const double> values, double gamma = 1);

// P(a run of the first beats a run of the second), ties half, mean over tasks. All pairs of runs of a task, whose
// numbers may differ; or only run i against run i, for runs that share their seed.
double probability_of_improvement(const RunScores& first, const RunScores& second);
double paired_probability_of_improvement(const RunScores& first, const RunScores& second);

// The share of runs whose score is above each tau (a tie is not above), and of tasks whose mean over runs is.
std::vector<double> run_profile(std::span<const double> values, std::span<const double> taus);
std::vector<double> average_profile(const RunScores& scores, std::span<const double> taus);

// The statistic of `resamples` tables in which each task has drawn its runs anew (with replacement), tasks alone.
// Which run stands where is keyed (replicate, task, run): the same whatever was drawn before it.
std::vector<double> stratified_bootstrap(const RunScores& scores,
                                         const std::function<double(const RunScores&)>& statistic, int64_t resamples,
                                         const Random& random);
// Of two arms, each drawn on its own.
std::vector<double> stratified_bootstrap(const RunScores& first, const RunScores& second,
                                         const std::function<double(const RunScores&, const RunScores&)>& statistic,
                                         int64_t resamples, const Random& random);

}  // namespace graft::statistics
