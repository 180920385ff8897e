#include "graft/discovery/regions.h"

#include "graft/discovery/refinement/refinement.h"
#include "tests/discovery/golden.h"
#include "tests/support/temp_folder.h"

namespace graft::discovery {
namespace {

at::Tensor two_parts() {
  auto map = torch::zeros({10, 12});
  map.narrow(0, 1, 3).narrow(1, 2, 4).fill_(0.9);  // 12 pixels
  map.narrow(0, 6, 4).narrow(1, 7, 5).fill_(0.6);  // 20
  return map;
}

TEST(Regions, BoxIsTightAroundAllParts) {
  const auto found = regions_of(two_parts(), {.min_area = 31});
  ASSERT_EQ(found.regions.size(), 1u);
  EXPECT_EQ(found.regions[0].area, 32);
  EXPECT_EQ(found.regions[0].box, (data::Rect{.left = 2, .top = 1, .width = 10, .height = 9}));
}

TEST(Regions, OrAroundTheLargest) {
  const auto found = regions_of(two_parts(), {.min_area = 0, .parts = RegionParts::largest});
  ASSERT_EQ(found.regions.size(), 1u);
  EXPECT_EQ(found.regions[0].area, 20);
  EXPECT_EQ(found.regions[0].box, (data::Rect{.left = 7, .top = 6, .width = 5, .height = 4}));
}

TEST(Regions, OrEachPartByItself) {
  const RegionOptions each{.min_area = 0, .parts = RegionParts::each};
  const auto found = regions_of(two_parts(), each);
  ASSERT_EQ(found.regions.size(), 2u);
  EXPECT_EQ(found.regions[0].area, 20);  // the largest first
  EXPECT_EQ(found.regions[1].area, 12);
  EXPECT_EQ(found.regions[1].box, (data::Rect{.left = 2, .top = 1, .width = 4, .height = 3}));
  EXPECT_FALSE((found.regions[0].mask & found.regions[1].mask).any().item<bool>());

  auto most = each;
  most.regions = 1;
  ASSERT_EQ(regions_of(two_parts(), most).regions.size(), 1u);
  EXPECT_EQ(regions_of(two_parts(), most).regions[0].area, 20);
  auto least = each;
  least.min_area = 12;
  EXPECT_EQ(regions_of(two_parts(), least).regions.size(), 1u);
  least.min_area = 20;
  EXPECT_EQ(regions_of(two_parts(), least).why, "20 salient pixels in the largest part, 21 are the least");
}

TEST(Regions, AreAsManyAsAMaskHasNumbers) {
  const auto dots = torch::zeros({32, 32});
  dots.slice(0, 0, 32, 2).slice(1, 0, 32, 2).fill_(1);  // 256
  EXPECT_EQ(regions_of(dots, {.min_area = 0, .parts = RegionParts::each}).regions.size(), 254u);
}

TEST(Regions, PictureKeepsThemApart) {
  const TempFolder folder;
  const auto found = regions_of(two_parts(), {.min_area = 0, .parts = RegionParts::each});
  write_regions(folder / "regions.png", found.regions);
  const RegionPicture picture(folder / "regions.png", RegionParts::each);
  EXPECT_EQ(picture.numbers(), (std::vector<int64_t>{1, 2}));
  for (int64_t number : {1, 2})
    EXPECT_TRUE(torch::equal(picture.region(number)->mask, found.regions[static_cast<size_t>(number - 1)].mask));
  EXPECT_FALSE(picture.region(3));
}

TEST(Regions, SmallAndEmptyOnesAreLeftOutWithAReason) {
  EXPECT_TRUE(regions_of(two_parts(), {.min_area = 32}).regions.empty());
  EXPECT_EQ(regions_of(two_parts(), {.min_area = 32}).why, "32 salient pixels, 33 are the least");
  EXPECT_EQ(regions_of(two_parts(), {.threshold = 0.95}).why, "nothing is salient");
  EXPECT_EQ(regions_of(torch::zeros({1, 1}), {.min_area = 0}).why, "nothing is salient");
  EXPECT_EQ(regions_of(torch::zeros({3, 3}), {.parts = RegionParts::each}).why, "nothing is salient");
}

TEST(Regions, APatchOfAMapBecomesItsPixels) {
  const auto map = at_size(torch::tensor({{0.f, 1.f}}), {.height = 2, .width = 6});
  EXPECT_TRUE(torch::equal(map, torch::tensor({{0.f, 0.f, 0.f, 1.f, 1.f, 1.f}, {0.f, 0.f, 0.f, 1.f, 1.f, 1.f}})));
}

}  // namespace
}  // namespace graft::discovery
