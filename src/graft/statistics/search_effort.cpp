#include "graft/statistics/search_effort.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graft/core/error.h"
#include "graft/statistics/finite.h"

namespace graft::statistics {

std::vector<double> best_of_weights(int64_t trials, int64_t n, BestOf form) {
  require_count("trials", trials, 1);
  require_count("n of a best of n", n, 1);
  if (form == BestOf::unbiased && n > trials)
    throw UsageError("statistics", "the best of {} out of {} trials: expected no more than {} (or the plug-in form).",
                     n, trials, trials);
  std::vector<double> weights(static_cast<size_t>(trials));
  const double m = static_cast<double>(trials), count = static_cast<double>(n);
  if (form == BestOf::plug_in) {
    for (size_t i = 0; i < weights.size(); ++i)
      weights[i] = std::pow(static_cast<double>(i + 1) / m, count) - std::pow(static_cast<double>(i) / m, count);
    return weights;
  }
  double weight = count / m;  // of the largest; w_(i-1) = w_i (i - n) / (i - 1)
  for (int64_t i = trials; i >= n; --i) {
    weights[static_cast<size_t>(i - 1)] = weight;
    if (i > 1) weight *= static_cast<double>(i - n) / static_cast<double>(i - 1);
  }
  return weights;
}

double expected_best(std::span<const double> validation, int64_t n, BestOf form) {
  return expected_test_of_best(validation, validation, n, form);
}

double expected_test_of_best(std::span<const double> validation, std::span<const double> test, int64_t n, BestOf form) {
  if (validation.size() != test.size())
    throw UsageError("statistics", "{} validation scores and {} test scores: expected one each a trial.",
                     validation.size(), test.size());
  require_finite("validation score", validation);
  require_finite("test score", test);
  const auto weights = best_of_weights(static_cast<int64_t>(validation.size()), n, form);
  std::vector<size_t> order(validation.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return validation[a] < validation[b]; });
  double expected = 0;
  for (size_t i = 0; i < order.size();) {
    double weight = 0, sum = 0;
    size_t j = i;
    for (; j < order.size() && validation[order[j]] == validation[order[i]]; ++j) {
      weight += weights[j];
      sum += test[order[j]];
    }
    expected += weight * sum / static_cast<double>(j - i);
    i = j;
  }
  return expected;
}

int64_t draws_for_top(double share, double probability) {
  require_level("a share of the space", share);
  require_level("a probability", probability);
  return static_cast<int64_t>(std::ceil(std::log1p(-probability) / std::log1p(-share)));
}

}  // namespace graft::statistics
