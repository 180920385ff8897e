#include "graft/discovery/saliency/rbd/rbd.h"

#include "graft/core/error.h"
#include "tests/discovery/cut_photos.h"

namespace graft::discovery {
namespace {

TEST(Rbd, ConnectivityContrastAndTheFitAreThePapers) {
  for (const auto* photo : kCutPhotos) {
    const auto key = std::string(photo) + "/rbd.";
    const auto found = rbd::background_of(golden_parts(photo), 10);
    EXPECT_LT(largest_difference(found.connectivity, cut_golden(key + "connectivity")), 1e-9) << photo;
    EXPECT_LT(largest_difference(found.contrast, cut_golden(key + "contrast")), 1e-9) << photo;
    EXPECT_LT(largest_difference(found.saliency, cut_golden(key + "saliency")), 1e-9) << photo;
  }
}

TEST(Rbd, FindsADiscOnPlainGround) {
  const auto found = make_saliency("rbd")->find(seen_pixels(disc_on_ground(96, 128)));
  ASSERT_TRUE(found.map.defined()) << found.why;
  EXPECT_EQ(found.map.min().item<double>(), 0);
  EXPECT_EQ(found.map.max().item<double>(), 1);
  EXPECT_GT(overlap(found.map > 0.5, disc_mask(96, 128)), 0.9);
}

// The paper's point: an object that is cropped a little by the border is an object yet.
TEST(Rbd, FindsAnObjectThatTouchesTheBorder) {
  auto image = plain(96, 128, 200);
  for (int y = 60; y < 96; ++y)
    for (int x = 40; x < 76; ++x)
      for (size_t c = 0; c < 3; ++c)
        image.rgb[static_cast<size_t>(3 * (y * 128 + x)) + c] = c == 0 ? 180 : 40;
  auto inside = torch::zeros({96, 128}, at::kBool);
  inside.narrow(0, 60, 36).narrow(1, 40, 36).fill_(true);
  const auto found = make_saliency("rbd")->find(seen_pixels(image));
  ASSERT_TRUE(found.map.defined()) << found.why;
  EXPECT_GT(overlap(found.map > 0.5, inside), 0.8);
}

TEST(Rbd, ReadsPixelsAloneAndFindsNothingInAPhotoOfOneColour) {
  const auto way = make_saliency("rbd");
  EXPECT_FALSE(way->reads_patches());
  const auto found = way->find(seen_pixels(plain(60, 80, 130)));
  EXPECT_FALSE(found.map.defined());
  EXPECT_EQ(found.why, "it is of one colour");
  EXPECT_FALSE(way->find(seen_pixels(plain(1, 1, 130))).map.defined());
}

TEST(Rbd, RefusesOptionsThatCannotBe) {
  EXPECT_THROW(make_saliency("rbd:sigma-colour=0"), ConfigError);
  EXPECT_THROW(make_saliency("rbd:superpixels=1"), ConfigError);
  EXPECT_THROW(make_saliency("rbd:compactness=0"), ConfigError);
  EXPECT_THROW(make_saliency("rbd:side=0"), ConfigError);
}

}  // namespace
}  // namespace graft::discovery
