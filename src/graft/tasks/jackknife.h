// Intervals of scores that are no proportions, from what each example's absence changes (Efron and Tibshirani 1993,
// chapter 11).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "graft/tasks/scores.h"

namespace graft::tasks {

// Examples above which the jackknife costs more than an interval is worth: it takes each score once for each.
inline constexpr int64_t kMostLeftOut = 2'000;

// 95 %, normal, cut to [low, high]: value +- 1.96 sqrt((n - 1) / n sum_i c_i (s_i - mean)²) over groups of c_i examples
// whose absence leaves the same s_i.
Interval jackknife_interval(double value, const std::vector<double>& without, const std::vector<int64_t>& counts,
                            Interval range);

// For every score: leave_out(i) gives all of them without example i. Nothing where there are too many examples.
void add_jackknife_intervals(Scores& scores, const std::function<std::vector<double>(int64_t)>& leave_out);

}  // namespace graft::tasks
