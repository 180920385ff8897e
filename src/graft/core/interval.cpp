#include "graft/core/interval.h"

#include <algorithm>
#include <cmath>

namespace graft {

Interval wilson_interval(int64_t correct, int64_t count) {
  if (count == 0) return {};
  constexpr double z = kNormal975;
  const auto n = static_cast<double>(count);
  const double p = static_cast<double>(correct) / n;
  const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

}  // namespace graft
