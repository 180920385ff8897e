// Intervals of 95 %, and that of a proportion.
#pragma once

#include <cstdint>

namespace graft {

inline constexpr double kNormal975 = 1.959963984540054;  // 97.5 % quantile of the normal distribution

struct Interval {
  double low = 0, high = 1;
};

// Score interval of a proportion (Wilson 1927); [0, 1] when nothing was counted.
Interval wilson_interval(int64_t correct, int64_t count);

}  // namespace graft
