#include "graft/statistics/studentized_range.h"

#include <cmath>
#include <numbers>

#include "graft/core/error.h"
#include "graft/statistics/distributions.h"
#include "graft/statistics/finite.h"

namespace graft::statistics {

// P(range <= q) = k times the integral of phi(z) (Phi(z) - Phi(z - q))^(k - 1), z the largest. The tail's integrand is
// Phi(z)^(k - 1) less that, written so that nothing cancels. The trapezoidal rule meets such an integral (analytic,
// flat at both ends) to rounding: its error falls as exp(-2 pi^2 / (k h^2)).
double studentized_range_tail(double q, int64_t k) {
  require_count("groups of a studentised range", k, 2);
  if (std::isnan(q)) throw DataError("statistics", "a studentised range of {}: expected a number.", q);
  if (q <= 0) return 1;
  if (q >= 75) return 0;  // below k^2 e^(-q^2 / 4): less than the smallest double
  const double power = static_cast<double>(k - 1), step = k < 200 ? 0.05 : 0.01, end = 10;
  double sum = 0;
  for (double z = -end; z <= end + q; z += step) {
    const double below = normal_cdf(z), cut = normal_cdf(z - q);
    if (below <= 0) continue;
    const double kept = cut < below ? std::expm1(power * std::log1p(-cut / below)) : -1;
    sum += std::exp(-z * z / 2) * std::pow(below, power) * -kept;
  }
  return std::fmin(1, static_cast<double>(k) * sum * step / std::sqrt(2 * std::numbers::pi));
}

double studentized_range_quantile(double p, int64_t k) {
  require_level("a probability", p);
  double low = 0, high = 1;
  while (studentized_range_tail(high, k) > 1 - p)
    high *= 2;
  while (true) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) return middle;
    (studentized_range_tail(middle, k) > 1 - p ? low : high) = middle;
  }
}

}  // namespace graft::statistics
