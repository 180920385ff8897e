#include "graft/statistics/gaussian_process.h"

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/statistics/e_values.h"
#include "graft/statistics/finite.h"

namespace graft::statistics {

void GaussianProcess::add(double difference) {
  require_finite("difference", std::span<const double>(&difference, 1));
  ++state_.pairs;  // Welford's update
  const double before = difference - state_.mean;
  state_.mean += before / static_cast<double>(state_.pairs);
  state_.squares += before * (difference - state_.mean);
  state_.largest = std::max(state_.largest, value());
}

double GaussianProcess::value() const {
  const double n = static_cast<double>(state_.pairs), spread = 1 + n * g_;
  if (state_.pairs < 2 || (state_.mean == 0 && state_.squares == 0)) return 1;
  // x is infinite where all are the same number: its limit.
  const double x = n * state_.mean * state_.mean / state_.squares;
  const double growth = std::isinf(x) ? std::log(spread) : std::log1p(x) - std::log1p(x / spread);
  return std::exp(n / 2 * growth - std::log(spread) / 2);
}

double GaussianProcess::anytime_p() const {
  return statistics::anytime_p(state_.largest);
}

std::optional<Interval> GaussianProcess::interval(double alpha) const {
  require_level("alpha", alpha);
  const double n = static_cast<double>(state_.pairs), spread = 1 + n * g_;
  if (state_.pairs < 2) return std::nullopt;
  const double ratio = std::pow(std::sqrt(spread) / alpha, 2 / n);
  if (ratio >= spread) return std::nullopt;
  const double x = (ratio - 1) / (1 - ratio / spread), half = std::sqrt(state_.squares * x / n);
  return Interval{state_.mean - half, state_.mean + half};
}

}  // namespace graft::statistics
