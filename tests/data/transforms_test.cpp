#include "graft/data/transforms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "graft/core/error.h"
#include "graft/core/options.h"
#include "tests/data/golden_images.h"

namespace graft::data {
namespace {

using golden::noise;

std::vector<float> floats(const ImageTransform& transform, const Image& image, Random random = Random(0)) {
  const Size size = transform.output();
  std::vector<float> out(std::size_t{3} * size.height * size.width);
  transform.write(image, random, out);
  return out;
}

TEST(ImageTransform, FloatsEqualTorchvisionsAndTransformersToTheBit) {
  const auto cases = golden::read("resize.json").at("preprocess");
  ASSERT_GE(cases.size(), 100u);
  for (const auto& c : cases) {
    Preprocessing p;
    p.resize = {c["resize"], c["resize"]};
    p.resize_mode = golden::choice<ResizeMode>(c["mode"]);
    p.crop = Size{c["crop"], c["crop"]};
    p.crop_rounding = c["library"] == "torchvision" ? CropRounding::torchvision : CropRounding::transformers;
    const auto out = floats(ImageTransform(p), golden::load(c["image"]));
    EXPECT_EQ(golden::hash(std::as_bytes(std::span(out))), c["hash"]) << c;
  }
}

TEST(ImageTransform, TheShorterSideIsTheOneThatCounts) {
  Preprocessing p;
  EXPECT_EQ(resized_size({300, 400}, p), (Size{224, 298}));  // 224 * 400 / 300 = 298.67, cut
  EXPECT_EQ(resized_size({400, 300}, p), (Size{298, 224}));
  p.resize_mode = ResizeMode::longest;
  EXPECT_EQ(resized_size({300, 400}, p), (Size{168, 224}));
  p.resize_mode = ResizeMode::squash;
  EXPECT_EQ(resized_size({300, 400}, p), (Size{224, 224}));
}

TEST(ImageTransform, TheWholePhotoFitsIntoTheLongestModeAndTheRestIsFilled) {
  Preprocessing p;
  p.resize = {8, 8};
  p.resize_mode = ResizeMode::longest;
  p.fill = {1, 2, 3};
  const Image out = ImageTransform(p).pixels(Image{4, 2, std::vector<std::uint8_t>(24, 200)}, Random(0));
  ASSERT_EQ(out.rgb.size(), 3u * 8 * 8);
  EXPECT_THAT(std::vector(out.rgb.begin(), out.rgb.begin() + 3), testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(out.rgb[3 * 8 * 3], 200);
}

TEST(ImageTransform, IsTheSameForTheSameRandomAndAnotherForAnother) {
  Augmentation everything = Augmentation::random_resized_crop_and_flip();
  everything.brightness = everything.contrast = everything.saturation = 0.4;
  everything.hue = 0.1;
  Preprocessing p;
  p.resize = {32, 32};
  const ImageTransform transform(p, everything);
  const Image image = noise(90, 70, 1);
  EXPECT_EQ(floats(transform, image, Random(1)), floats(transform, image, Random(1)));
  EXPECT_NE(floats(transform, image, Random(1)), floats(transform, image, Random(2)));
}

TEST(ImageTransform, AnUnaugmentedOneDoesNotLookAtTheRandom) {
  const ImageTransform transform(Preprocessing{.resize = {16, 16}});
  EXPECT_FALSE(transform.is_random());
  EXPECT_EQ(floats(transform, noise(30, 20, 1), Random(1)), floats(transform, noise(30, 20, 1), Random(2)));
}

TEST(ImageTransform, ARandomCropIsARectangleOfTheResizedPhoto) {
  Preprocessing p;
  p.resize = {24, 24};
  const ImageTransform transform(p, {.crop = TrainCrop::random, .resize = 25});
  const Image image = noise(50, 50, 3);
  const Image resized = resize(image, {25, 25}, Filter::bicubic);
  std::vector<std::vector<std::uint8_t>> possible, seen;
  for (const Rect rect : {Rect{0, 0, 24, 24}, Rect{1, 0, 24, 24}, Rect{0, 1, 24, 24}, Rect{1, 1, 24, 24}}) {
    possible.push_back(crop(resized, rect).rgb);
  }
  for (std::uint64_t seed = 0; seed < 40; ++seed)
    seen.push_back(transform.pixels(image, Random(seed)).rgb);
  EXPECT_THAT(seen, testing::Each(testing::AnyOfArray(possible)));
  for (const auto& one : possible)
    EXPECT_THAT(seen, testing::Contains(one));
}

TEST(RandomResizedRect, StaysInsideAndKeepsScaleAndRatio) {
  const Augmentation o;
  Random random(7);
  double smallest = 1, largest = 0;
  for (int i = 0; i < 2000; ++i) {
    const Rect r = random_resized_rect({200, 300}, o, random);
    ASSERT_TRUE(r.left >= 0 && r.top >= 0 && r.left + r.width <= 300 && r.top + r.height <= 200);
    const double scale = r.width * r.height / (200.0 * 300), ratio = static_cast<double>(r.width) / r.height;
    smallest = std::min(smallest, scale);
    largest = std::max(largest, scale);
    ASSERT_TRUE(ratio > 0.73 && ratio < 1.37) << ratio;  // the bounds, and what rounding to pixels does to them
  }
  EXPECT_NEAR(smallest, 0.08, 0.02);
  EXPECT_GT(largest, 0.8);
}

TEST(RandomResizedRect, FallsBackToTheLargestCentreCropOfAStrip) {
  Augmentation o;
  o.min_scale = 1;  // never fits
  Random random(1);
  EXPECT_EQ(random_resized_rect({10, 1000}, o, random), (Rect{493, 0, 13, 10}));
  EXPECT_EQ(random_resized_rect({1000, 10}, o, random), (Rect{0, 493, 10, 13}));
}

TEST(Augmentation, ReadsItsOptionsByName) {
  const auto o = read_options<Augmentation>("adapt", {{"train-crop", "random-resized"}, {"flip", "yes"}});
  EXPECT_TRUE(o.crop == TrainCrop::random_resized && o.flip);
  EXPECT_THROW(read_options<Augmentation>("adapt", {{"train-crop", "randm"}}), ConfigError);
}

TEST(ImageTransform, RefusesValuesOutOfRange) {
  EXPECT_THROW(ImageTransform({}, {.min_scale = 0}), ConfigError);
  EXPECT_THROW(ImageTransform({}, {.min_ratio = 2, .max_ratio = 1}), ConfigError);
  EXPECT_THROW(ImageTransform({}, {.crop = TrainCrop::random, .resize = 100}), ConfigError);
  EXPECT_THROW(ImageTransform({}, {.hue = 0.6}), ConfigError);
  EXPECT_THROW(ImageTransform(Preprocessing{.std = {0, 1, 1}}), ConfigError);
}

TEST(ImageTransform, AnErasedBoxIsTheMeanColourAndTheRestIsAsItWas) {
  Preprocessing p;
  p.resize = {32, 24};
  p.resize_mode = ResizeMode::squash;
  const ImageTransform plain(p), erasing(p, {.erase_chance = 1});
  EXPECT_TRUE(erasing.is_random());
  const Image image = noise(60, 60, 4);
  const auto whole = floats(plain, image);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto erased = floats(erasing, image, Random(seed));
    Random random = Random(seed).fork("erase");
    random.uniform();  // whether
    const auto rect = random_erased_rect({32, 24}, random);
    ASSERT_TRUE(rect);
    for (int i = 0; i < 3 * 32 * 24; ++i) {
      const int x = i % 24, y = i / 24 % 32;
      const bool inside =
          x >= rect->left && x < rect->left + rect->width && y >= rect->top && y < rect->top + rect->height;
      ASSERT_EQ(erased[static_cast<std::size_t>(i)], inside ? 0.0F : whole[static_cast<std::size_t>(i)]) << i;
    }
  }
}

TEST(ImageTransform, ErasedBoxesHaveTheAreasAndRatiosThatWereAskedFor) {
  Random random(3);
  for (int i = 0; i < 500; ++i) {
    const auto rect = random_erased_rect({200, 300}, random);
    ASSERT_TRUE(rect);
    const double area = static_cast<double>(rect->width) * rect->height / (200 * 300);
    EXPECT_TRUE(area > 0.019 && area < 0.335) << area;
    EXPECT_LE(rect->top + rect->height, 200);
    EXPECT_LE(rect->left + rect->width, 300);
  }
  EXPECT_FALSE(random_erased_rect({1, 1}, random));
}

// Drawn from another stream, so that means are compared: within five of their standard errors.
TEST(ImageTransform, ErasedBoxesAreAsLargeAndLieWhereTorchvisionsDo) {
  for (const auto& c : golden::read("erasing.json").at("boxes")) {
    const Size photo{c["image"][0], c["image"][1]};
    const int draws = c["draws"];
    Random random(17);
    std::map<std::string, double> sums;
    int missed = 0;
    for (int i = 0; i < draws; ++i) {
      const auto rect = random_erased_rect(photo, random);
      if (!rect) {
        ++missed;
        continue;
      }
      sums["top"] += rect->top;
      sums["left"] += rect->left;
      sums["height"] += rect->height;
      sums["width"] += rect->width;
      sums["area"] += static_cast<double>(rect->height) * rect->width;
    }
    const double chance = static_cast<double>(c["missed"]) / draws;
    EXPECT_NEAR(missed, c["missed"], 5 * std::sqrt(2 * draws * chance * (1 - chance)) + 2) << c["image"];
    const double kept = draws - missed;
    for (const auto& [name, sum] : sums) {
      const double error = static_cast<double>(c["deviation"][name]) * std::sqrt(2 / kept);
      EXPECT_NEAR(sum / kept, c["mean"][name], 5 * error) << name << " of " << c["image"];
    }
  }
}

TEST(ImageTransform, ChancesOfColoursBlurAndErasingAreThoseThatWereAskedFor) {
  Preprocessing p;
  p.resize = {8, 8};
  const Image image = noise(8, 8, 6);
  const auto share = [&](const Augmentation& o, auto&& happened) {
    const ImageTransform transform(p, o), plain(p);
    int count = 0;
    for (std::uint64_t seed = 0; seed < 1000; ++seed)
      count += happened(transform, plain, Random(seed)) ? 1 : 0;
    return count / 1000.0;
  };
  const auto is_other = [&](const ImageTransform& a, const ImageTransform& b, Random random) {
    return floats(a, image, random) != floats(b, image, random);
  };
  EXPECT_NEAR(share({.grey_chance = 0.2}, is_other), 0.2, 0.051);  // four standard errors
  EXPECT_NEAR(share({.erase_chance = 0.25}, is_other), 0.25, 0.055);
  EXPECT_NEAR(share({.hue = 0.5, .jitter_chance = 0.8}, is_other), 0.8, 0.055);
  const auto is_blurred = [&](const ImageTransform& a, const ImageTransform&, Random random) {
    return a.pixels(image, random).rgb != image.rgb;
  };
  EXPECT_NEAR(share({.blur_chance = 0.5}, is_blurred), 0.5, 0.1);  // a small deviation may leave all as it was
  EXPECT_THROW(ImageTransform(p, {.blur_chance = 1.5}), ConfigError);
}

}  // namespace
}  // namespace graft::data
