// Numbers that were printed with twelve significant digits.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#define EXPECT_DIGITS(value, printed) \
  EXPECT_NEAR(value, printed, 6e-12 * std::abs(static_cast<double>(printed)) + 1e-15)

namespace graft::statistics {

// What the tests of this room are worked on: items won over nine seeds; six and eight differences in thousandths; 24.
inline const std::vector<int64_t> kNine = {5, 4, 0, 5, 0, -2, 3, 3, -1};
inline const std::vector<double> kSix = {0.011, 0.006, -0.002, 0.019, 0.008, 0.007};
inline const std::vector<int64_t> kSixWhole = {11, 6, -2, 19, 8, 7};
inline const std::vector<int64_t> kEightWhole = {11, 6, -2, 19, 8, 7, 4, 13};
inline const std::vector<double> kEight = {11, 6, -2, 19, 8, 7, 4, 13};
inline std::vector<int64_t> twenty_four() {  // ((37 i) mod 23) - 8: they sum to 61
  std::vector<int64_t> values;
  for (int64_t i = 0; i < 24; ++i)
    values.push_back(37 * i % 23 - 8);
  return values;
}

}  // namespace graft::statistics
