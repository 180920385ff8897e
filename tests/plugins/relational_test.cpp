#include "graft/plugins/distillation/relational/relational.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"

namespace graft::plugins {
namespace {

// A corner of 90 degrees with sides of 3 and 4, and one of three points in a line.
const at::Tensor kCorner = torch::tensor({{0.0, 0.0}, {3.0, 0.0}, {0.0, 4.0}}, at::kDouble);
const at::Tensor kLine = torch::tensor({{0.0}, {1.0}, {2.0}}, at::kDouble);

TEST(Relational, DistancesAreOverTheirMean) {
  const auto by = make_distillation("relational:distance=1,angle=0");
  // 3, 4, 5 over 4; 1, 2, 1 over 4/3.
  const double differences[] = {3.0 / 4 - 3.0 / 4, 4.0 / 4 - 6.0 / 4, 5.0 / 4 - 3.0 / 4};
  double sum = 0;
  for (const double d : differences)
    sum += 2 * 0.5 * d * d;  // both ways
  EXPECT_NEAR(by->sum(kCorner, kLine).item<double>(), 3 * sum / 9, 1e-12);
  EXPECT_NEAR(by->sum(7 * kCorner + 1, kLine).item<double>(), 3 * sum / 9, 1e-12);  // neither scale nor place count
}

TEST(Relational, AnglesAreCosinesAtEachCorner) {
  const auto by = make_distillation("relational:distance=0,angle=1");
  // The corners' cosines, 0, 3/5 and 4/5, beside 1, -1 and 1 in a line; those between a way and itself are 1 in both.
  double sum = 0;
  for (const auto& [ours, theirs] : {std::pair(0.0, 1.0), std::pair(0.6, -1.0), std::pair(0.8, 1.0)}) {
    const double d = std::abs(ours - theirs);
    sum += 2 * (d <= 1 ? 0.5 * d * d : d - 0.5);
  }
  EXPECT_NEAR(by->sum(kCorner, kLine).item<double>(), 3 * sum / 27, 1e-12);
}

// A photo that stands in a batch twice: no way leads from the one to the other, and no gradient asks for one.
TEST(Relational, TwoThatAreOneAskForNothingOfEachOther) {
  const auto teacher = torch::tensor({{0.0, 1.0}, {5.0, 0.0}, {2.0, 2.0}, {-1.0, 3.0}}, at::kDouble);
  for (const double apart : {0.0, 1e-9}) {
    auto rows = kCorner.clone();
    rows = at::cat({rows, rows.narrow(0, 2, 1) + apart}).detach().requires_grad_();
    make_distillation("relational")->sum(rows, teacher).backward();
    EXPECT_LT(rows.grad().abs().max().item<double>(), 100) << apart;
  }
}

TEST(Relational, NeedsTwoExamplesForADistanceAndThreeForAnAngle) {
  EXPECT_EQ(make_distillation("relational")->least_batch(), 3);
  EXPECT_EQ(make_distillation("relational:angle=0")->least_batch(), 2);
  EXPECT_THROW(make_distillation("relational:angle=0,distance=0"), ConfigError);
}

}  // namespace
}  // namespace graft::plugins
