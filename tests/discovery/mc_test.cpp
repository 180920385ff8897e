#include "graft/discovery/saliency/mc/mc.h"

#include "graft/core/error.h"
#include "tests/discovery/cut_photos.h"

namespace graft::discovery {
namespace {

TEST(Mc, TimeToAbsorptionIsTheFundamentalMatrix) {
  int weighted = 0;
  for (const auto* photo : kCutPhotos) {
    const auto key = std::string(photo) + "/mc.";
    const auto found = mc::absorption_of(golden_parts(photo), 0.1);
    EXPECT_LT(largest_difference(found.time, cut_golden(key + "time")), 1e-8 * found.time.max().item<double>())
        << photo;
    EXPECT_NEAR(found.spread, cut_golden(key + "spread").item<double>(), 1e-12) << photo;
    const bool is_weighted = found.spread >= 2;
    weighted += is_weighted;
    const auto saliency = cut_golden(key + (is_weighted ? "weighted" : "time"));
    EXPECT_LT(largest_difference(found.saliency, saliency), 1e-8 * saliency.max().item<double>()) << photo;
  }
  EXPECT_EQ(weighted, 2);  // both ways are seen
}

TEST(Mc, FindsADiscOnPlainGround) {
  const auto found = make_saliency("mc")->find(seen_pixels(disc_on_ground(96, 128)));
  ASSERT_TRUE(found.map.defined()) << found.why;
  EXPECT_GT(overlap(found.map > 0.5, disc_mask(96, 128)), 0.9);
}

TEST(Mc, ReadsPixelsAloneAndFindsNothingInAPhotoOfOneColour) {
  const auto way = make_saliency("mc");
  EXPECT_FALSE(way->reads_patches());
  EXPECT_EQ(way->find(seen_pixels(plain(60, 80, 130))).why, "it is of one colour");
  EXPECT_FALSE(way->find(seen_pixels(plain(1, 3, 130))).map.defined());
}

TEST(Mc, RefusesOptionsThatCannotBe) {
  EXPECT_THROW(make_saliency("mc:sigma2=0"), ConfigError);
  EXPECT_THROW(make_saliency("mc:superpixels=0"), ConfigError);
}

}  // namespace
}  // namespace graft::discovery
