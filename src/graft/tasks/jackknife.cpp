#include "graft/tasks/jackknife.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace graft::tasks {

Interval jackknife_interval(double value, const std::vector<double>& without, const std::vector<int64_t>& counts,
                            Interval range) {
  const auto n = static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  double mean = 0, squares = 0;
  for (size_t i = 0; i < without.size(); ++i)
    mean += static_cast<double>(counts[i]) * without[i] / n;
  for (size_t i = 0; i < without.size(); ++i)
    squares += static_cast<double>(counts[i]) * (without[i] - mean) * (without[i] - mean);
  const double half = kNormal975 * std::sqrt((n - 1) / n * squares);
  return {std::max(range.low, value - half), std::min(range.high, value + half)};
}

void add_jackknife_intervals(Scores& scores, const std::function<std::vector<double>(int64_t)>& leave_out) {
  if (scores.count < 2 || scores.count > kMostLeftOut) return;
  std::vector<std::vector<double>> without(scores.all.size());
  for (int64_t i = 0; i < scores.count; ++i) {
    const auto left = leave_out(i);
    for (size_t s = 0; s < without.size(); ++s)
      without[s].push_back(left[s]);
  }
  const std::vector<int64_t> ones(static_cast<size_t>(scores.count), 1);
  for (size_t s = 0; s < without.size(); ++s)
    scores.all[s].interval = jackknife_interval(scores.all[s].value, without[s], ones, {0, 1});
}

}  // namespace graft::tasks
