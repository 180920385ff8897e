#include "graft/train/schedule.h"

#include <gtest/gtest.h>

namespace graft::train {
namespace {

using methods::ScheduleKind;

TEST(Schedule, ConstantIsConstantAfterALinearWarmUp) {
  const Schedule s{ScheduleKind::constant, 0.4, 3, 4, 1};
  EXPECT_DOUBLE_EQ(s.at(0), 0.1);
  EXPECT_DOUBLE_EQ(s.at(3), 0.4);
  EXPECT_DOUBLE_EQ(s.at(11), 0.4);
}

TEST(Schedule, LinearFallsToOneStepAboveZero) {
  const Schedule s{ScheduleKind::linear, 1.0, 2, 5, 0};
  EXPECT_DOUBLE_EQ(s.at(0), 1.0);
  EXPECT_DOUBLE_EQ(s.at(5), 0.5);
  EXPECT_NEAR(s.at(9), 0.1, 1e-15);
}

TEST(Schedule, CosineIsHalfInTheMiddle) {
  const Schedule s{ScheduleKind::cosine, 2.0, 4, 2, 0};
  EXPECT_DOUBLE_EQ(s.at(0), 2.0);
  EXPECT_DOUBLE_EQ(s.at(4), 1.0);
  EXPECT_NEAR(s.at(6), 1 - std::sqrt(0.5), 1e-15);  // 1 + cos(3/4 pi)
}

TEST(Schedule, SpreadsOverTheStepsWhereTheEpochsAreCutShort) {
  const Schedule schedule{
      .kind = methods::ScheduleKind::cosine, .lr = 1, .epochs = 3, .steps_per_epoch = 4, .most_steps = 10};
  EXPECT_EQ(schedule.steps(), 10);
  EXPECT_NEAR(schedule.at(5), 0.5, 1e-12);
}

TEST(Schedule, CosineStartsAfterItsWarmUp) {
  const Schedule s{ScheduleKind::cosine, 1.0, 3, 4, 1};
  EXPECT_DOUBLE_EQ(s.at(3), 1.0);
  EXPECT_DOUBLE_EQ(s.at(4), 1.0);
  EXPECT_DOUBLE_EQ(s.at(8), 0.5);
}

// What the paper's own logs read at 50 epochs of 2e-3: 1e-5 in the first epoch, 7.885e-06 in the last.
TEST(Schedule, CoopEndsWhereItsLogsEnd) {
  const Schedule s{ScheduleKind::coop, 2e-3, 50, 3, 0};
  EXPECT_NEAR(s.at(0), 1e-5, 1e-20);
  EXPECT_NEAR(s.at(2), 1e-5, 1e-20);
  EXPECT_DOUBLE_EQ(s.at(3), 2e-3);
  EXPECT_NEAR(s.at(149), 7.885e-6, 5e-10);
}

TEST(Schedule, VptStartsAtZeroAndChangesByEpoch) {
  const Schedule s{ScheduleKind::vpt, 1.0, 100, 2, 10};
  EXPECT_DOUBLE_EQ(s.at(0), 0.0);
  EXPECT_DOUBLE_EQ(s.at(1), 0.0);
  EXPECT_DOUBLE_EQ(s.at(2), 0.1);
  EXPECT_DOUBLE_EQ(s.at(20), 1.0);
  EXPECT_DOUBLE_EQ(s.at(110), 0.5);  // epoch 55, half of the 90 after the warm-up
  EXPECT_DOUBLE_EQ(s.at(111), 0.5);
}

}  // namespace
}  // namespace graft::train
