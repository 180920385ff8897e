#include "graft/discovery/saliency/superpixels.h"

#include <set>

#include "graft/discovery/saliency/components.h"
#include "tests/discovery/cut_photos.h"

namespace graft::discovery {
namespace {

TEST(Superpixels, ColoursAreCieLabs) {
  const auto lab = to_lab({.width = 4, .height = 1, .rgb = {255, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0}});
  const auto known = torch::tensor({{53.2408, 80.0925, 67.2032},  // of sRGB's primaries, as published
                                    {32.2970, 79.1875, -107.8602},
                                    {100.0, 0.0, 0.0},
                                    {0.0, 0.0, 0.0}},
                                   at::kDouble);
  EXPECT_LT(largest_difference(lab[0], known), 0.02);
  EXPECT_LT(largest_difference(to_lab(image_of(cut_golden("disc/image"))), cut_golden("disc/lab")), 1e-10);
}

TEST(Superpixels, SlicIsThePapersByPlainLoops) {
  for (const auto* photo : kCutPhotos) {
    const auto key = std::string(photo) + "/";
    const auto lab = to_lab(image_of(cut_golden(key + "image")));
    EXPECT_TRUE(torch::equal(slic(lab, 48, 10.0), cut_golden(key + "labels"))) << photo;
  }
}

TEST(Superpixels, PartsAreConnectedAndNoneIsTiny) {
  const auto image = disc_on_ground(90, 121);
  const auto parts = superpixels(image, {.superpixels = 100});
  const auto count = parts.colours.size(0);
  EXPECT_GT(count, 60);
  EXPECT_LT(count, 140);
  for (int64_t part = 0; part < count; ++part) {
    const auto mask = parts.labels == part;
    ASSERT_TRUE(torch::equal(largest_component(mask), mask)) << part;
    EXPECT_GE(mask.sum().item<int64_t>(), 90 * 121 / 100 / 4);
  }
  // No part holds much of both the disc and the ground.
  const auto disc = disc_mask(90, 121);
  int64_t strayed = 0;
  for (int64_t part = 0; part < count; ++part) {
    const auto mask = parts.labels == part;
    const auto inside = (mask & disc).sum().item<int64_t>();
    strayed += std::min(inside, mask.sum().item<int64_t>() - inside);
  }
  EXPECT_LT(strayed, 90 * 121 / 100);
}

TEST(Superpixels, GraphIsThatOfPlainLoops) {
  for (const auto* photo : kCutPhotos) {
    const auto key = std::string(photo) + "/";
    const auto parts = golden_parts(photo);
    EXPECT_LT(largest_difference(parts.colours, cut_golden(key + "colours")), 1e-10);
    EXPECT_LT(largest_difference(parts.places, cut_golden(key + "places")), 1e-12);
    EXPECT_TRUE(torch::equal(parts.touches, cut_golden(key + "touches").to(at::kBool)));
    EXPECT_TRUE(torch::equal(parts.border, cut_golden(key + "border").to(at::kBool)));
  }
}

TEST(Superpixels, LargePhotosAreMadeSmallerAndSmallOnesAreNot) {
  EXPECT_EQ(superpixels(disc_on_ground(120, 200), {.side = 60}).labels.sizes(), (std::vector<int64_t>{60, 100}));
  EXPECT_EQ(superpixels(disc_on_ground(40, 50), {.side = 60}).labels.sizes(), (std::vector<int64_t>{40, 50}));
}

TEST(Superpixels, PhotosOfFewPixelsAreCutToo) {
  for (const auto& [height, width] : {std::pair(1, 1), std::pair(1, 7), std::pair(5, 1), std::pair(2, 3)})
    EXPECT_TRUE(has_one_colour(superpixels(plain(height, width, 120), {}))) << height << " x " << width;
}

}  // namespace
}  // namespace graft::discovery
