#include "graft/detection/average_precision.h"

#include <algorithm>
#include <limits>

#include "graft/detection/evaluation_rules.h"

namespace graft::detection {

double numpy_sum(std::span<const double> values) {
  const std::size_t count = values.size();
  if (count < 8) {
    double sum = 0;
    for (const double value : values)
      sum += value;
    return sum;
  }
  if (count <= 128) {
    std::array<double, 8> sums;
    std::copy_n(values.begin(), 8, sums.begin());
    std::size_t k = 8;
    for (; k + 8 <= count; k += 8)
      for (std::size_t lane = 0; lane < 8; ++lane)
        sums[lane] += values[k + lane];
    double sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    for (; k < count; ++k)
      sum += values[k];
    return sum;
  }
  const std::size_t half = count / 2 / 8 * 8;
  return numpy_sum(values.first(half)) + numpy_sum(values.subspan(half));
}

double numpy_mean(std::span<const double> values) {
  return values.empty() ? -1 : numpy_sum(values) / static_cast<double>(values.size());
}

void interpolated_precision(std::span<const Found> found, std::size_t objects, std::size_t thresholds,
                            std::span<double> into) {
  static const std::vector<double> kRecallPoints = evenly(0, 1, kRecalls);
  const auto all = static_cast<std::uint16_t>((1U << thresholds) - 1);
  std::size_t wrong_everywhere = 0;
  std::vector<std::size_t> wrong(thresholds, 0);
  std::vector<std::vector<double>> precision(thresholds);  // at each detection that is right
  for (const Found& one : found) {
    const unsigned right = one.matched & ~one.ignored & all;
    const unsigned mistakes = ~one.matched & ~one.ignored & all;
    if (mistakes == all) {
      ++wrong_everywhere;
      continue;
    }
    for (std::size_t t = 0; t < thresholds; ++t) {
      if ((right >> t & 1) != 0) {
        const auto so_far = static_cast<double>(precision[t].size() + 1);
        const auto amiss = static_cast<double>(wrong[t] + wrong_everywhere);
        precision[t].push_back(so_far / (amiss + so_far + std::numeric_limits<double>::epsilon()));
      } else if ((mistakes >> t & 1) != 0) {
        ++wrong[t];
      }
    }
  }
  for (std::size_t t = 0; t < thresholds; ++t) {
    auto& curve = precision[t];
    for (std::size_t k = curve.size(); k-- > 1;)
      curve[k - 1] = std::max(curve[k - 1], curve[k]);
    std::size_t k = 0;
    for (std::size_t r = 0; r < kRecalls; ++r) {
      while (k < curve.size() && static_cast<double>(k + 1) / static_cast<double>(objects) < kRecallPoints[r])
        ++k;
      into[t * kRecalls + r] = k < curve.size() ? curve[k] : 0;
    }
  }
}

}  // namespace graft::detection
