#include "graft/statistics/wilcoxon.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "graft/statistics/distributions.h"
#include "graft/statistics/finite.h"
#include "graft/statistics/midranks.h"
#include "graft/statistics/subset_sums.h"

namespace graft::statistics {
namespace {

constexpr size_t kMostRanked = 1'000;  // 2^-n is still a number, and the convolution takes half a second

double two_sided_normal(double distance, double deviation) {
  return deviation > 0 ? std::min(1.0, 2 * normal_cdf(-std::abs(distance) / deviation)) : 1;
}

}  // namespace

Wilcoxon wilcoxon(std::span<const double> differences, Zeros zeros) {
  require_finite("difference", differences);
  std::vector<double> sizes;
  std::vector<int> signs;
  int64_t zero_count = 0;
  for (const double difference : differences) {
    zero_count += difference == 0;
    if (difference == 0 && zeros == Zeros::wilcox) continue;
    sizes.push_back(std::abs(difference));
    signs.push_back(difference > 0 ? 1 : difference < 0 ? -1 : 0);
  }
  const auto ranking = doubled_midranks(sizes);
  std::vector<int64_t> ranks;  // doubled, of what is not 0
  int64_t positive = 0, negative = 0, shared = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const int64_t rank = ranking.doubled[i];
    if (signs[i] == 0) {
      shared += rank;
      continue;
    }
    ranks.push_back(rank);
    (signs[i] > 0 ? positive : negative) += rank;
  }
  Wilcoxon result;
  result.nonzero = static_cast<int64_t>(ranks.size());
  const double half_of_zeros = zeros == Zeros::zsplit ? static_cast<double>(shared) / 4 : 0;
  result.positive = static_cast<double>(positive) / 2 + half_of_zeros;
  result.negative = static_cast<double>(negative) / 2 + half_of_zeros;
  if (ranks.empty()) return result;

  // The normal form, with n the ranks given and z of them those of zeros.
  const double n = static_cast<double>(sizes.size());
  const double z = zeros == Zeros::pratt ? static_cast<double>(zero_count) : 0;
  const double mean = n * (n + 1) / 4 - z * (z + 1) / 4;
  const double ties = ranking.tie_sum - (zeros == Zeros::pratt ? z * z * z - z : 0);
  const double variance = (n * (n + 1) * (2 * n + 1) - z * (z + 1) * (2 * z + 1) - ties / 2) / 24;
  const double deviation = std::sqrt(std::max(0.0, variance)), distance = std::abs(result.positive - mean);
  result.p_normal = two_sided_normal(distance, deviation);
  result.p_corrected = two_sided_normal(distance > 0 ? distance - 0.5 : 0, deviation);

  result.exact = ranks.size() <= kMostRanked;
  result.p = result.exact ? std::min(1.0, 2 * subset_sum_cdf(ranks, std::min(positive, negative))) : result.p_normal;
  return result;
}

Wilcoxon wilcoxon(std::span<const int64_t> differences, Zeros zeros) {
  const std::vector<double> values(differences.begin(), differences.end());
  return wilcoxon(values, zeros);
}

}  // namespace graft::statistics
