#include "graft/statistics/midranks.h"

#include <algorithm>
#include <numeric>

namespace graft::statistics {

Midranks doubled_midranks(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  Midranks ranks;
  ranks.doubled.resize(values.size());
  for (size_t i = 0; i < order.size();) {
    size_t j = i;
    while (j < order.size() && values[order[j]] == values[order[i]])
      ++j;
    for (size_t k = i; k < j; ++k)
      ranks.doubled[order[k]] = static_cast<int64_t>(i + 1 + j);
    const double tied = static_cast<double>(j - i);
    ranks.tie_sum += tied * tied * tied - tied;
    i = j;
  }
  return ranks;
}

}  // namespace graft::statistics
