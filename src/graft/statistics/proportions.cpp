#include "graft/statistics/proportions.h"

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/statistics/distributions.h"
#include "graft/statistics/finite.h"

namespace graft::statistics {

Interval clopper_pearson(int64_t correct, int64_t count, double confidence) {
  require_level("a confidence", confidence);
  if (correct < 0 || correct > count)
    throw UsageError("statistics", "{} right of {}: expected a number from 0 to {}.", correct, count, count);
  if (count == 0) return {};
  const double k = static_cast<double>(correct), n = static_cast<double>(count), rest = (1 - confidence) / 2;
  return {correct == 0 ? 0 : beta_quantile(rest, k, n - k + 1),
          correct == count ? 1 : beta_quantile(1 - rest, k + 1, n - k)};
}

McNemar mcnemar(int64_t only_first, int64_t only_second) {
  if (only_first < 0 || only_second < 0)
    throw UsageError("statistics", "{} and {} discordant items: expected counts.", only_first, only_second);
  const int64_t n = only_first + only_second, fewer = std::min(only_first, only_second);
  if (n == 0) return {};
  const double tail = 2 * binomial_cdf(fewer, n, 0.5);
  return {std::min(1.0, tail), only_first == only_second ? 1 : tail - binomial_pmf(fewer, n, 0.5)};
}

Interval bonett_price(int64_t only_first, int64_t only_second, int64_t items, double confidence) {
  require_level("a confidence", confidence);
  if (only_first < 0 || only_second < 0 || items < 1 || only_first > items - only_second)
    throw UsageError("statistics", "{} and {} discordant items of {}: expected counts that fit.", only_first,
                     only_second, items);
  const double n = static_cast<double>(items) + 2;
  const double b = (static_cast<double>(only_first) + 1) / n, c = (static_cast<double>(only_second) + 1) / n;
  const double half = normal_quantile(1 - (1 - confidence) / 2) * std::sqrt((b + c - (b - c) * (b - c)) / n);
  return {std::max(-1.0, b - c - half), std::min(1.0, b - c + half)};
}

Interval mean_share_interval(std::span<const Share> classes) {
  double sum = 0, variance = 0;
  int64_t counted = 0;
  for (const auto& [correct, count] : classes) {
    if (count == 0) continue;
    const double n = static_cast<double>(count), share = (static_cast<double>(correct) + 1) / (n + 2);
    sum += static_cast<double>(correct) / n;
    variance += share * (1 - share) / n;
    ++counted;
  }
  if (counted == 0) return {0, 1};
  const double mean = sum / static_cast<double>(counted);
  const double half = normal_quantile(0.975) * std::sqrt(variance) / static_cast<double>(counted);
  return {std::max(0.0, mean - half), std::min(1.0, mean + half)};
}

}  // namespace graft::statistics
