#include "graft/data/resize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graft/core/error.h"
#include "graft/core/random.h"
#include "graft/data/resize_passes.h"
#include "tests/data/golden_images.h"

namespace graft::data {
namespace {

using golden::noise;

Size random_size(Random& random) {
  return {static_cast<int>(1 + random.below(random.below(2) ? 9 : 150)),
          static_cast<int>(1 + random.below(random.below(2) ? 9 : 150))};
}

TEST(Resize, EqualsPillowToTheBitOnRandomImagesSizesAndFilters) {
  const auto cases = golden::read("resize.json").at("resize");
  ASSERT_GE(cases.size(), 500u);
  for (const auto& c : cases) {
    std::optional<Box> box;
    if (c.contains("box")) box = Box{c["box"][0], c["box"][1], c["box"][2], c["box"][3]};
    const Image out =
        resize(golden::load(c["image"]), {c["height"], c["width"]}, golden::choice<Filter>(c["filter"]), box);
    EXPECT_EQ(golden::hash(out), c["hash"]) << c;
  }
}

TEST(Resize, SampledBilinearEqualsPyTorchToTheBit) {
  const auto cases = golden::read("resize_sampled.json").at("resize");
  ASSERT_GE(cases.size(), 200u);
  for (const auto& c : cases) {
    const Image out = resize(golden::load(c["image"]), {c["height"], c["width"]}, Filter::sampled_bilinear);
    EXPECT_EQ(golden::hash(out), c["hash"]) << c;
  }
}

TEST(Resize, APartIsCutFromTheSamePixels) {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    const Size from = random_size(random), to = random_size(random);
    const Image image = noise(from.width, from.height, static_cast<std::uint32_t>(round));
    const auto [filter, name] = choices(Filter{})[random.below(7)];
    const int left = static_cast<int>(random.below(to.width)), top = static_cast<int>(random.below(to.height));
    const Rect part = {left, top, static_cast<int>(1 + random.below(to.width - left)),
                       static_cast<int>(1 + random.below(to.height - top))};
    EXPECT_EQ(resize(image, to, filter, {}, part).rgb, crop(resize(image, to, filter), part).rgb)
        << name << " " << from.width << "x" << from.height << " to " << to.width << "x" << to.height;
  }
}

TEST(Resize, AViewOfARectangleEqualsACopyOfIt) {
  const Image image = noise(60, 50, 4);
  for (const Rect rect : {Rect{0, 0, 60, 50}, Rect{7, 9, 20, 30}, Rect{59, 49, 1, 1}, Rect{40, 0, 20, 50}}) {
    EXPECT_EQ(resize(ImageView(image, rect), {31, 17}, Filter::bicubic).rgb,
              resize(crop(image, rect), {31, 17}, Filter::bicubic).rgb);
  }
}

TEST(Resize, VectorAndPlainPassesGiveTheSameBytes) {
  if (avx2_passes() == nullptr) return;  // this processor runs the plain ones, which the other tests cover
  Random random(5);
  for (int round = 0; round < 300; ++round) {
    const Size from = random_size(random), to = random_size(random);
    const Image image = noise(from.width, from.height, static_cast<std::uint32_t>(round));
    const auto filter = choices(Filter{})[1 + random.below(5)].first;
    const auto across = resize_weights(filter, from.width, 0, static_cast<float>(from.width), to.width, 0, to.width);
    const auto down = resize_weights(filter, from.height, 0, static_cast<float>(from.height), to.height, 0, to.height);
    const auto run = [&](const Passes& passes) {
      const std::size_t row_bytes = 3 * static_cast<std::size_t>(to.width);
      std::vector<std::uint8_t> narrow(row_bytes * from.height + kPassPadding), out(row_bytes * to.height);
      passes.horizontal(image, 0, from.height, across, narrow.data());
      passes.vertical(narrow.data(), static_cast<std::ptrdiff_t>(row_bytes), row_bytes, down, out.data());
      return out;
    };
    EXPECT_EQ(run(*avx2_passes()), run(plain_passes()))
        << from.width << "x" << from.height << " to " << to.width << "x" << to.height;
  }
}

TEST(Resize, BytesAtTheirLimitsDoNotOverflow) {
  for (const std::uint8_t level : {std::uint8_t{0}, std::uint8_t{255}}) {
    const Image flat{40, 30, std::vector<std::uint8_t>(3 * 40 * 30, level)};
    for (const auto& [filter, name] : choices(Filter{})) {
      EXPECT_THAT(resize(flat, {11, 53}, filter).rgb, testing::Each(level)) << name;
    }
  }
}

TEST(Resize, RefusesAnImageWithoutPixels) {
  EXPECT_THROW(resize(Image{}, {4, 4}, Filter::bicubic), DataError);
  EXPECT_THROW(resize(noise(4, 4, 1), {0, 4}, Filter::bicubic), DataError);
}

TEST(Crop, FillsWhatLiesOutside) {
  const Image image{2, 1, {1, 2, 3, 4, 5, 6}};
  EXPECT_THAT(crop(image, {-1, 0, 3, 2}, {7, 8, 9}).rgb,
              testing::ElementsAre(7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 7, 8, 9, 7, 8, 9));
  EXPECT_THAT(crop(image, {5, 5, 1, 1}, {7, 8, 9}).rgb, testing::ElementsAre(7, 8, 9));
}

}  // namespace
}  // namespace graft::data
