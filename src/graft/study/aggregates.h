// All runs of a method in one number, and how methods' runs compare (Agarwal et al. 2021, arXiv:2108.13264), with
// stratified bootstrap intervals: of each data set and number of shots the runs are drawn anew. Scores are taken as
// they are, not normalised, so that a data set with more spread decides more. Beside the claims, none of which hangs on
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/interval.h"
#include "graft/study/outcome.h"
#include "graft/study/result_reader.h"

namespace graft::study {

// Of each method the seeds at which all its runs are there; methods without any, and scores that are no numbers, are
// left out.
std::vector<MethodScores> scores_of(const Design& design, ResultReader& reader);

struct MethodAggregate {
  std::string method;
  int64_t runs = 0;
  double interquartile_mean = 0;
  std::optional<Interval> interval = {};             // 95 %; none of a method of one run
  std::vector<double> profile = {};                  // share of runs that score above each level
  std::vector<std::pair<double, double>> band = {};  // of it, 95 % at each level by itself; as the interval
};

// How often a run of the first beats one of the second, a tie half: of the same seed where both have seeds, else each
// with each.
struct Improvement {
  std::string first, second;
  bool paired = false;
  double share = 0;
  std::optional<Interval> interval = {};
};

struct Aggregates {
  std::vector<double> levels;
  std::vector<MethodAggregate> methods;
  std::vector<Improvement> improvements;  // of the comparisons, in their order
};

// Nothing where fewer than two methods are there, or none has two runs.
std::optional<Aggregates> aggregates_of(const StudyOutcome& outcome);

}  // namespace graft::study
