#include "graft/statistics/equivalence.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "graft/core/error.h"
#include "graft/statistics/deviation_mean.h"
#include "graft/statistics/distributions.h"
#include "graft/statistics/finite.h"
#include "graft/statistics/sign_flip.h"
#include "graft/statistics/students.h"

namespace graft::statistics {
namespace {

void require_margin(double margin) {
  if (!(margin > 0) || !std::isfinite(margin))
    throw UsageError("statistics", "a margin of {}: expected a positive number, in the units of the differences.",
                     margin);
}

double equivalence_power(int64_t pairs, double margin, double alpha) {
  const double freedom = static_cast<double>(pairs - 1), t = t_quantile(1 - alpha, freedom);
  const double shift = margin * std::sqrt(static_cast<double>(pairs));
  return mean_over_deviation([&](double s) { return 2 * normal_cdf(shift - t * s) - 1; }, freedom, shift / t);
}

}  // namespace

Equivalence paired_equivalence(std::span<const double> differences, double margin, double alpha) {
  require_margin(margin);
  require_level("twice alpha", 2 * alpha);
  require_count("pairs", static_cast<int64_t>(differences.size()), 2);
  const auto test = paired_t(differences, 1 - 2 * alpha);
  Equivalence result;
  result.interval = test.interval;
  if (test.identical) {
    result.identical = true;
    result.p = std::abs(test.mean) < margin ? 0 : 1;
    return result;
  }
  result.low_t = (test.mean + margin) / test.error;
  result.high_t = (test.mean - margin) / test.error;
  result.p = std::max(t_tail(result.low_t, test.freedom), t_cdf(result.high_t, test.freedom));
  return result;
}

SignFlipEquivalence sign_flip_equivalence(std::span<const double> differences, double margin, const Random& random) {
  require_margin(margin);
  require_count("pairs", static_cast<int64_t>(differences.size()), 1);
  std::vector<double> above, below;
  for (const double difference : differences) {
    above.push_back(difference + margin);
    below.push_back(margin - difference);
  }
  SignFlipEquivalence result;
  result.p_low = sign_flip(std::span<const double>(above), Tail::greater, random.fork("low")).p;
  result.p_high = sign_flip(std::span<const double>(below), Tail::greater, random.fork("high")).p;
  result.p = std::max(result.p_low, result.p_high);
  return result;
}

int64_t pairs_for_equivalence(double margin_in_deviations, double power, double alpha) {
  require_margin(margin_in_deviations);
  require_level("a power", power);
  require_level("twice alpha", 2 * alpha);
  int64_t low = 1, high = 2;
  while (equivalence_power(high, margin_in_deviations, alpha) < power) {
    low = high;
    high *= 2;
    if (high > 1'000'000) return 0;
  }
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (equivalence_power(middle, margin_in_deviations, alpha) < power ? low : high) = middle;
  }
  return high;
}

}  // namespace graft::statistics
