#include "graft/discovery/regions.h"

#include "graft/discovery/refinement/refinement.h"
#include "tests/discovery/golden.h"

namespace graft::discovery {
namespace {

at::Tensor two_parts() {
  auto map = torch::zeros({10, 12});
  map.narrow(0, 1, 3).narrow(1, 2, 4).fill_(0.9);  // 12 pixels
  map.narrow(0, 6, 4).narrow(1, 7, 5).fill_(0.6);  // 20
  return map;
}

TEST(Regions, BoxIsTightAroundAllParts) {
  const auto found = region_of(two_parts(), {.min_area = 31});
  ASSERT_TRUE(found.region);
  EXPECT_EQ(found.region->area, 32);
  EXPECT_EQ(found.region->box, (data::Rect{.left = 2, .top = 1, .width = 10, .height = 9}));
}

TEST(Regions, OrAroundTheLargest) {
  const auto found = region_of(two_parts(), {.min_area = 0, .parts = RegionParts::largest});
  ASSERT_TRUE(found.region);
  EXPECT_EQ(found.region->area, 20);
  EXPECT_EQ(found.region->box, (data::Rect{.left = 7, .top = 6, .width = 5, .height = 4}));
}

TEST(Regions, SmallAndEmptyOnesAreLeftOutWithAReason) {
  EXPECT_FALSE(region_of(two_parts(), {.min_area = 32}).region);
  EXPECT_EQ(region_of(two_parts(), {.min_area = 32}).why, "32 salient pixels, 33 are the least");
  EXPECT_EQ(region_of(two_parts(), {.threshold = 0.95}).why, "nothing is salient");
  EXPECT_EQ(region_of(torch::zeros({1, 1}), {.min_area = 0}).why, "nothing is salient");
}

TEST(Regions, APatchOfAMapBecomesItsPixels) {
  const auto map = at_size(torch::tensor({{0.f, 1.f}}), {.height = 2, .width = 6});
  EXPECT_TRUE(torch::equal(map, torch::tensor({{0.f, 0.f, 0.f, 1.f, 1.f, 1.f}, {0.f, 0.f, 0.f, 1.f, 1.f, 1.f}})));
}

}  // namespace
}  // namespace graft::discovery
