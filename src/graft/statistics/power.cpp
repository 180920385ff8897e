#include "graft/statistics/power.h"

#include <cmath>
#include <numeric>
#include <vector>

#include "graft/core/error.h"
#include "graft/statistics/deviation_mean.h"
#include "graft/statistics/distributions.h"
#include "graft/statistics/finite.h"
#include "graft/statistics/sign_flip.h"
#include "graft/statistics/students.h"

namespace graft::statistics {
namespace {

constexpr int64_t kMostPairs = 1'000'000;  // more than anybody runs
constexpr size_t kLeastPilot = 8;

template <class Draw>
SimulatedPower simulate_power(int64_t pairs, const Random& random, int64_t studies, double alpha, const Draw& draw) {
  require_count("pairs", pairs, 1);
  require_count("simulated studies", studies, 1);
  require_level("alpha", alpha);
  int64_t rejected = 0;
  std::vector<double> differences(static_cast<size_t>(pairs));
  for (int64_t study = 0; study < studies; ++study) {
    Random stream = random.fork(static_cast<uint64_t>(study));
    for (double& difference : differences)
      difference = draw(stream);
    rejected += sign_flip(std::span<const double>(differences), Tail::both, stream.fork("signs")).p <= alpha;
  }
  SimulatedPower result;
  result.power = static_cast<double>(rejected) / static_cast<double>(studies);
  result.error = std::sqrt(result.power * (1 - result.power) / static_cast<double>(studies));
  return result;
}

}  // namespace

double paired_t_power(int64_t pairs, double effect, double alpha) {
  require_count("pairs", pairs, 2);
  require_level("alpha", alpha);
  const double freedom = static_cast<double>(pairs - 1), t = t_quantile(1 - alpha / 2, freedom);
  const double shift = effect * std::sqrt(static_cast<double>(pairs));
  return mean_over_deviation([&](double s) { return normal_cdf(shift - t * s) + normal_cdf(-shift - t * s); }, freedom);
}

int64_t pairs_for_effect(double effect, double power, double alpha) {
  require_level("a power", power);
  if (effect == 0) return 0;
  int64_t low = 1, high = 2;
  while (paired_t_power(high, effect, alpha) < power) {
    low = high;
    high *= 2;
    if (high > kMostPairs) return 0;
  }
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (paired_t_power(middle, effect, alpha) < power ? low : high) = middle;
  }
  return high;
}

int64_t pairs_needed(double mean, double deviation) {
  if (mean == 0) return 0;
  if (deviation == 0) return 2;
  return pairs_for_effect(std::abs(mean) / deviation);
}

int64_t guenther_pairs(double effect, double power, double alpha) {
  require_level("a power", power);
  require_level("alpha", alpha);
  if (effect == 0) return 0;
  const double z = normal_quantile(1 - alpha / 2), sum = z + normal_quantile(power);
  return static_cast<int64_t>(std::ceil(sum * sum / (effect * effect) + z * z / 2));
}

double least_detectable_effect(int64_t pairs, double power, double alpha) {
  require_level("a power", power);
  double low = 0, high = 1;
  while (paired_t_power(pairs, high, alpha) < power)
    high *= 2;
  for (int i = 0; i < 60; ++i) {
    const double middle = low + (high - low) / 2;
    (paired_t_power(pairs, middle, alpha) < power ? low : high) = middle;
  }
  return high;
}

double deviation_upper_bound(double deviation, int64_t pairs, double confidence) {
  require_count("pairs of a pilot", pairs, 2);
  require_level("a confidence", confidence);
  const double freedom = static_cast<double>(pairs - 1);
  return deviation * std::sqrt(freedom / chi2_quantile(1 - confidence, freedom));
}

SimulatedPower sign_flip_power(int64_t pairs, double effect, const Random& random, int64_t studies, double alpha) {
  auto result = simulate_power(pairs, random, studies, alpha, [&](Random& stream) { return effect + stream.normal(); });
  result.normal = true;
  return result;
}

SimulatedPower sign_flip_power(int64_t pairs, std::span<const double> pilot, double difference, const Random& random,
                               int64_t studies, double alpha) {
  require_count("pairs of a pilot", static_cast<int64_t>(pilot.size()), 2);
  const auto summary = summarise(pilot);
  if (pilot.size() < kLeastPilot) {
    auto result = simulate_power(pairs, random, studies, alpha,
                                 [&](Random& stream) { return difference + summary.deviation * stream.normal(); });
    result.normal = true;
    return result;
  }
  return simulate_power(pairs, random, studies, alpha,
                        [&](Random& stream) { return difference + pilot[stream.below(pilot.size())] - summary.mean; });
}

}  // namespace graft::statistics
