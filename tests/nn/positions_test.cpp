#include "graft/nn/positions.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "tests/nn/inserts.h"

namespace graft::nn {
namespace {

TEST(Positions, OnTheirOwnGridAreThemselves) {
  const auto weight = torch::randn({1 + 6, 5});
  const Positions positions(weight, 1, {2, 3}, Stretch::bicubic);
  EXPECT_TRUE(positions.at({2, 3}).is_same(weight));
}

TEST(Positions, RowsBeforeThePatchesAreNeverStretched) {
  const auto weight = torch::randn({2 + 16, 5});
  for (const auto stretch : {Stretch::bicubic, Stretch::antialiased, Stretch::offset}) {
    const auto rows = Positions(weight, 2, {4, 4}, stretch).at({6, 3});
    EXPECT_EQ(rows.sizes().vec(), (std::vector<int64_t>{2 + 18, 5}));
    EXPECT_TRUE(at::equal(rows.narrow(0, 0, 2), weight.narrow(0, 0, 2)));
  }
}

TEST(Positions, AConstantStaysAConstantInEveryWay) {
  for (const auto stretch : {Stretch::bicubic, Stretch::antialiased, Stretch::offset}) {
    const auto rows = stretch_positions(at::full({16, 2}, 3.0), {4, 4}, {7, 5}, stretch);
    EXPECT_LT(relative_error(rows, at::full({35, 2}, 3.0)), 1e-6);
  }
}

TEST(Positions, TheWaysDifferWhereAGridShrinks) {
  torch::manual_seed(5);
  const auto patches = torch::randn({36, 4});
  const auto bicubic = stretch_positions(patches, {6, 6}, {4, 4}, Stretch::bicubic);
  EXPECT_GT(relative_error(stretch_positions(patches, {6, 6}, {4, 4}, Stretch::antialiased), bicubic), 0.05);
  EXPECT_GT(relative_error(stretch_positions(patches, {6, 6}, {4, 4}, Stretch::offset), bicubic), 1e-3);
}

}  // namespace
}  // namespace graft::nn
