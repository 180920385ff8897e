#include "graft/statistics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graft/core/error.h"
#include "graft/statistics/distributions.h"
#include "graft/statistics/finite.h"

namespace graft::statistics {

double quantile(std::span<const double> ascending, double share) {
  require_count("values of a quantile", static_cast<int64_t>(ascending.size()), 1);
  if (!(share >= 0 && share <= 1)) throw UsageError("statistics", "quantile {}: expected a number from 0 to 1.", share);
  const double place = share * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<size_t>(place);
  if (below + 1 >= ascending.size()) return ascending.back();
  const double part = place - static_cast<double>(below);
  return ascending[below] + part * (ascending[below + 1] - ascending[below]);
}

Interval percentile_interval(std::span<const double> distribution, double confidence) {
  require_level("a confidence", confidence);
  std::vector<double> sorted(distribution.begin(), distribution.end());
  std::sort(sorted.begin(), sorted.end());
  const double rest = (1 - confidence) / 2;
  return {quantile(sorted, rest), quantile(sorted, 1 - rest)};
}

Bca bca_interval(std::span<const double> distribution, double estimate, double acceleration, double confidence) {
  require_level("a confidence", confidence);
  require_finite("replicate", distribution);
  std::vector<double> sorted(distribution.begin(), distribution.end());
  std::sort(sorted.begin(), sorted.end());
  // What differs from the estimate by rounding is equal to it: half of it counts as below.
  const double slack = sorted.empty() ? 0 : 1e-12 * std::max(std::abs(sorted.front()), std::abs(sorted.back()));
  const auto below = std::lower_bound(sorted.begin(), sorted.end(), estimate - slack) - sorted.begin();
  const auto at_most = std::upper_bound(sorted.begin(), sorted.end(), estimate + slack) - sorted.begin();
  const double share = static_cast<double>(below + at_most) / (2 * static_cast<double>(sorted.size()));
  Bca result;
  if (sorted.empty() || sorted.back() - sorted.front() <= slack || share <= 0 || share >= 1) {
    result.degenerate = true;
    result.interval = {estimate, estimate};
    return result;
  }
  result.bias = normal_quantile(share);
  const auto level = [&](double z) {
    const double moved = result.bias + z;
    return normal_cdf(result.bias + moved / (1 - acceleration * moved));
  };
  const double z = normal_quantile(1 - (1 - confidence) / 2);
  result.low_level = level(-z);
  result.high_level = level(z);
  result.interval = {quantile(sorted, result.low_level), quantile(sorted, result.high_level)};
  return result;
}

double acceleration(std::span<const std::vector<double>> without_each) {
  double cubes = 0, squares = 0;
  for (const auto& values : without_each) {
    if (values.size() < 2) continue;
    const double n = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
    double largest = 0, cube = 0, square = 0;
    for (const double value : values) {
      const double influence = (n - 1) * (mean - value);
      largest = std::max(largest, std::abs(value));
      cube += influence * influence * influence;
      square += influence * influence;
    }
    if (std::sqrt(square) <= 1e-14 * n * std::sqrt(n) * largest) continue;  // equal but for rounding
    cubes += cube / (n * n * n);
    squares += square / (n * n);
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}

Bootstrap bootstrap(const Samples& samples, const Statistic& statistic, int64_t resamples, const Random& random,
                    double confidence) {
  require_count("samples", static_cast<int64_t>(samples.size()), 1);
  require_count("resamples", resamples, 1);
  for (const auto& sample : samples) {
    require_count("values in each sample", static_cast<int64_t>(sample.size()), 1);
    require_finite("value", sample);
  }
  Bootstrap result;
  result.estimate = statistic(samples);
  Samples drawn = samples;
  result.distribution.resize(static_cast<size_t>(resamples));
  for (size_t replicate = 0; replicate < result.distribution.size(); ++replicate) {
    for (size_t j = 0; j < samples.size(); ++j) {
      Random stream = random.fork(replicate).fork(j);
      for (double& value : drawn[j])
        value = samples[j][stream.below(samples[j].size())];
    }
    result.distribution[replicate] = statistic(drawn);
  }
  require_finite("replicate", result.distribution);
  std::sort(result.distribution.begin(), result.distribution.end());
  std::vector<std::vector<double>> without_each(samples.size());
  for (size_t j = 0; j < samples.size(); ++j) {
    if (samples[j].size() < 2) continue;
    Samples rest = samples;
    for (size_t i = 0; i < samples[j].size(); ++i) {
      rest[j] = samples[j];
      rest[j].erase(rest[j].begin() + static_cast<std::ptrdiff_t>(i));
      without_each[j].push_back(statistic(rest));
    }
  }
  result.percentile = percentile_interval(result.distribution, confidence);
  result.bca = bca_interval(result.distribution, result.estimate, acceleration(without_each), confidence);
  return result;
}

}  // namespace graft::statistics
