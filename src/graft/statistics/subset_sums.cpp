#include "graft/statistics/subset_sums.h"

#include <algorithm>
#include <numeric>

namespace graft::statistics {

std::vector<double> subset_sum_shares(std::span<const int64_t> parts, int64_t limit) {
  std::vector<double> share(static_cast<size_t>(limit) + 1);
  share[0] = 1;
  int64_t reached = 0;
  for (const int64_t part : parts) {
    reached = std::min(limit, reached + part);
    for (int64_t sum = reached; sum >= part; --sum)
      share[static_cast<size_t>(sum)] = (share[static_cast<size_t>(sum)] + share[static_cast<size_t>(sum - part)]) / 2;
    for (int64_t sum = std::min(reached, part - 1); sum >= 0; --sum)
      share[static_cast<size_t>(sum)] /= 2;
  }
  return share;
}

double subset_sum_cdf(std::span<const int64_t> parts, int64_t limit) {
  if (limit < 0) return 0;
  const int64_t total = std::accumulate(parts.begin(), parts.end(), int64_t{0});
  if (limit >= total) return 1;
  const auto share = subset_sum_shares(parts, limit);
  return std::accumulate(share.begin(), share.end(), 0.0);
}

}  // namespace graft::statistics
