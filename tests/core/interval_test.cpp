#include "graft/core/interval.h"

#include <gtest/gtest.h>

namespace graft {
namespace {

// Wilson 1927 at 95 %: 8 of 10 gives 0.4902 to 0.9433.
TEST(Interval, WilsonIntervalOfEightInTen) {
  const auto interval = wilson_interval(8, 10);
  EXPECT_NEAR(interval.low, 0.4902, 5e-5);
  EXPECT_NEAR(interval.high, 0.9433, 5e-5);
}

TEST(Interval, WilsonIntervalStaysWithinZeroAndOne) {
  EXPECT_DOUBLE_EQ(wilson_interval(0, 5).low, 0);
  EXPECT_DOUBLE_EQ(wilson_interval(5, 5).high, 1);
  EXPECT_DOUBLE_EQ(wilson_interval(0, 0).low, 0);
  EXPECT_DOUBLE_EQ(wilson_interval(0, 0).high, 1);
}

}  // namespace
}  // namespace graft
