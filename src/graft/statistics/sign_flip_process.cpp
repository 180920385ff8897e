#include "graft/statistics/sign_flip_process.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "graft/core/error.h"
#include "graft/statistics/e_values.h"
#include "graft/statistics/finite.h"
#include "graft/statistics/log_wealth.h"

namespace graft::statistics {
namespace {

double log_one_plus_tanh(double y) {  // log(2 / (1 + e^-2y))
  return y >= 0 ? std::numbers::ln2 - std::log1p(std::exp(-2 * y))
                : std::numbers::ln2 + 2 * y - std::log1p(std::exp(2 * y));
}

double value_around(std::span<const double> differences, double theta) {
  SignFlipProcess process;
  for (const double difference : differences)
    process.add(difference - theta);
  return process.value();
}

}  // namespace

void SignFlipProcess::add(double difference) {
  require_finite("difference", std::span<const double>(&difference, 1));
  ++state_.pairs;
  state_.squares += difference * difference;
  if (difference == 0) return;
  const double scaled = difference / std::sqrt(state_.squares / static_cast<double>(state_.pairs));
  for (size_t i = 0; i < kLambdas.size(); ++i) {
    state_.log_wealth[2 * i] += log_one_plus_tanh(kLambdas[i] * scaled);
    state_.log_wealth[2 * i + 1] += log_one_plus_tanh(-kLambdas[i] * scaled);
  }
  state_.largest = std::max(state_.largest, value());
}

double SignFlipProcess::value() const {
  return mean_of_exponentials(state_.log_wealth);
}

double SignFlipProcess::anytime_p() const {
  return statistics::anytime_p(state_.largest);
}

std::optional<Interval> sign_flip_sequence(std::span<const double> differences, double alpha) {
  require_level("alpha", alpha);
  require_finite("difference", differences);
  const double infinite = std::numeric_limits<double>::infinity();
  if (differences.empty()) return Interval{-infinite, infinite};
  const auto [least, most] = std::ranges::minmax(differences);
  const double centre = least + (most - least) / 2, width = std::max(most - least, 1e-9 * std::abs(centre));
  if (width == 0) return Interval{-infinite, infinite};  // all are 0: no size to measure by
  const auto refuted = [&](double theta) { return value_around(differences, theta) * alpha >= 1; };

  // From each side inwards: the first theta of a fine walk that is not refuted, then the end by bisection.
  const auto end = [&](double side) -> std::optional<double> {
    double reach = width;
    while (!refuted(centre + side * reach)) {
      reach *= 2;
      if (reach > 1e6 * width) return side * infinite;
    }
    constexpr int kSteps = 400;
    double outside = centre + side * reach;
    for (int i = 1; i <= 2 * kSteps; ++i) {
      const double theta = centre + side * reach * (1 - static_cast<double>(i) / kSteps);
      if (refuted(theta)) {
        outside = theta;
        continue;
      }
      double inside = theta;
      for (int step = 0; step < 200; ++step) {
        const double middle = outside + (inside - outside) / 2;
        if (middle == outside || middle == inside) break;
        (refuted(middle) ? outside : inside) = middle;
      }
      return inside;
    }
    return std::nullopt;
  };
  const auto low = end(-1), high = end(1);
  if (!low || !high) return std::nullopt;
  return Interval{*low, *high};
}

}  // namespace graft::statistics
