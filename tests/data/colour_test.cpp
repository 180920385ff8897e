#include "graft/data/colour.h"

#include <gtest/gtest.h>

#include "tests/data/golden_images.h"

namespace graft::data {
namespace {

TEST(Colour, EqualsPillowToTheBit) {
  const auto cases = golden::read("resize.json").at("colour");
  ASSERT_GE(cases.size(), 100u);
  for (const auto& c : cases) {
    const std::string kind = c["kind"];
    const auto adjust = kind == "brightness"   ? adjust_brightness
                        : kind == "contrast"   ? adjust_contrast
                        : kind == "saturation" ? adjust_saturation
                                               : adjust_hue;
    EXPECT_EQ(golden::hash(adjust(golden::load(c["image"]), c["amount"])), c["hash"]) << c;
  }
}

TEST(Colour, FactorOneChangesNothing) {
  const Image image = golden::noise(9, 7, 1);
  EXPECT_EQ(adjust_brightness(image, 1).rgb, image.rgb);
  EXPECT_EQ(adjust_contrast(image, 1).rgb, image.rgb);
  EXPECT_EQ(adjust_saturation(image, 1).rgb, image.rgb);
}

TEST(Flip, MirrorsEachRow) {
  const Image image{3, 1, {1, 2, 3, 4, 5, 6, 7, 8, 9}};
  EXPECT_EQ(flip_horizontally(image).rgb, (std::vector<std::uint8_t>{7, 8, 9, 4, 5, 6, 1, 2, 3}));
  const Image noise = golden::noise(8, 5, 2);
  EXPECT_EQ(flip_horizontally(flip_horizontally(noise)).rgb, noise.rgb);
}

}  // namespace
}  // namespace graft::data
