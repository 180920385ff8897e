// Effects that were planted, found again: photos of a square on a background, whose colours say the class, and
// classifiers that read the one, the other, or both.
#include "graft/pipelines/segment_swap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <array>
#include <cmath>
#include <set>

#include "graft/core/error.h"
#include "graft/io/image_png.h"
#include "graft/io/index_png.h"
#include "graft/tensor/on_cpu.h"
#include "tests/support/temp_folder.h"

namespace graft::pipelines {
namespace {

constexpr int kSide = 16;
constexpr int64_t kClasses = 4;

// Of class c red is 60 c on a background and green 60 c on an object; blue says which of the two it is.
constexpr std::uint8_t shade(int64_t of_class) {
  return static_cast<std::uint8_t>(60 * of_class);
}

class PlantedPhotos : public ::testing::Test {
 protected:
  PlantedPhotos() {
    photos_.root = folder_.path();
    photos_.masks = std::make_shared<data::MaskFiles>(folder_.path(), data::MaskNumbers::in_order(2, "classes.txt"));
    photos_.images = std::make_shared<data::ImageCache>();
    for (int i = 0; i < 24; ++i)
      put(i, i % kClasses);
    as_stored_.resize = {kSide, kSide};
    as_stored_.scale = 1;
    as_stored_.mean = {0, 0, 0};
    as_stored_.std = {1, 1, 1};
  }

  // A square somewhere that leaves the corners free.
  void put(int number, int64_t label) {
    const int left = 2 + number % 5, top = 2 + number % 7, side = 3 + number % 4;
    io::Image photo{kSide, kSide, {}};
    io::IndexImage mask{kSide, kSide, {}, {}};
    for (int i = 0; i < kSide * kSide; ++i) {
      const int x = i % kSide, y = i / kSide;
      const bool object = x >= left && x < left + side && y >= top && y < top + side;
      mask.classes.push_back(object ? 1 : 0);
      const auto said = shade(label);
      for (const std::uint8_t value : {object ? std::uint8_t{0} : said, object ? said : std::uint8_t{0},
                                       object ? std::uint8_t{255} : std::uint8_t{0}})
        photo.rgb.push_back(value);
    }
    const auto name = std::to_string(number);
    folder_.put(name + ".jpg.png", io::encode_png(photo));
    folder_.put(name + ".png", io::encode_index_png(mask));
    photos_.samples.push_back({.input = name + ".jpg.png", .label = label, .pair = name + ".png"});
  }

  struct Seen {
    int64_t background = 0, object = -1;  // the classes that their colours say; none: -1
  };
  static Seen look_at(const data::Source& source, int64_t i) {
    constexpr size_t kPixels = kSide * kSide;
    std::vector<float> pixels(source.floats());
    data::Row row;
    row.pixels = pixels;
    source.read(i, Random(0), row);
    Seen seen{std::lround(pixels[0] / 60)};
    for (size_t p = 0; p < kPixels; ++p)
      if (pixels[2 * kPixels + p] == 255) seen.object = std::lround(pixels[kPixels + p] / 60);
    return seen;
  }

  // Logits: so much for the class of the background, so much for that of the object.
  static Classify reader(double of_background, double of_object) {
    return [=](const data::Source& source) {
      tasks::PredictionRows rows(source, data::Target::label, kClasses);
      for (int64_t i = 0; i < source.size(); ++i) {
        auto logits = torch::zeros({1, kClasses}, tensor::on_cpu());
        const auto seen = look_at(source, i);
        logits[0][seen.background] += of_background;
        if (seen.object >= 0) logits[0][seen.object] += of_object;
        rows.add(logits);
      }
      return rows.take();
    };
  }
  Swaps swap(double of_background, double of_object, SwapDraws options = {}) const {
    return swap_backgrounds(photos_, {"a", "b", "c", "d"}, data::ImageTransform(as_stored_), options,
                            reader(of_background, of_object));
  }

  TempFolder folder_;
  data::CutPhotos photos_;
  data::Preprocessing as_stored_;
};

void expect_none(const BackgroundEffect& effect) {
  EXPECT_EQ(effect.changed.value, 0);
  EXPECT_EQ(effect.changed.interval.high, 0);
  EXPECT_EQ(effect.drop.value, 0);
  EXPECT_EQ(effect.log_probability.value, 0);
  EXPECT_EQ(effect.log_probability.interval.low, 0);
  EXPECT_EQ(effect.log_probability.interval.high, 0);
}

TEST_F(PlantedPhotos, AClassifierThatReadsTheBackgroundFollowsItWholly) {
  const auto effects = swap(5, 0).effects;
  EXPECT_EQ(effects.accuracy.value, 1);
  EXPECT_EQ(effects.follows.value, 1);
  EXPECT_EQ(effects.by_chance.value, 0);
  EXPECT_EQ(effects.other.accuracy.value, 0);
  EXPECT_EQ(effects.other.changed.value, 1);
  EXPECT_EQ(effects.gap->value, 1);
  EXPECT_EQ(effects.alone.accuracy.value, 1);
  expect_none(effects.own);
  expect_none(effects.same);
}

TEST_F(PlantedPhotos, AClassifierThatReadsTheObjectFollowsNothing) {
  for (const double feather : {0.0, 1.5}) {
    const auto effects = swap(0, 5, {.composite = {.fill = data::Fill::mean, .feather = feather}}).effects;
    EXPECT_EQ(effects.accuracy.value, 1);
    EXPECT_EQ(effects.follows.value, 0);
    expect_none(effects.own);
    expect_none(effects.same);
    expect_none(effects.other);
    EXPECT_LT(effects.alone.accuracy.value, 0.5);
  }
}

// Logits a for the background's class and b for the object's, 0 for the others: together a + b on a background of the
// own class; on another b stands against a.
TEST_F(PlantedPhotos, AClassifierThatReadsBothFollowsAsFarAsItsLogitsSay) {
  const double a = 1.5, b = 2;
  const auto effects = swap(a, b).effects;
  const double before = a + b - std::log(std::exp(a + b) + kClasses - 1);
  const double after = b - std::log(std::exp(a) + std::exp(b) + kClasses - 2);
  EXPECT_NEAR(effects.other.log_probability.value, after - before, 1e-5);
  EXPECT_EQ(effects.follows.value, 0);
  EXPECT_EQ(effects.other.changed.value, 0);
  expect_none(effects.own);
  EXPECT_NEAR(effects.same.log_probability.value, 0, 1e-6);
}

TEST_F(PlantedPhotos, EachIsPutOnBackgroundsOfBothKindsNoneTwice) {
  const auto swaps = swap(1, 1, {.draws = 3, .seed = 7});
  ASSERT_EQ(swaps.answers.size(), 24);
  for (size_t i = 0; i < swaps.answers.size(); ++i) {
    const auto& photo = swaps.answers[i];
    std::set<size_t> backgrounds{i};
    for (const auto* of_kind : {&photo.same, &photo.other}) {
      EXPECT_EQ(of_kind->size(), 3);
      for (const auto& one : *of_kind) {
        EXPECT_TRUE(backgrounds.insert(one.background).second);
        EXPECT_EQ(one.background_class == photo.label, of_kind == &photo.same);
        EXPECT_EQ(one.background_class, swaps.photos.samples[one.background].label);
      }
    }
  }
  const auto fewer = swap(1, 1, {.draws = 100});
  EXPECT_EQ(fewer.answers[0].same.size(), 5);
  EXPECT_EQ(fewer.answers[0].other.size(), 18);
}

TEST_F(PlantedPhotos, TheSameSeedDrawsTheSame) {
  const auto backgrounds = [&](int64_t seed) {
    std::vector<size_t> all;
    for (const auto& photo : swap(1, 1, {.seed = seed}).answers) {
      for (const auto& one : photo.other)
        all.push_back(one.background);
    }
    return all;
  };
  EXPECT_EQ(backgrounds(3), backgrounds(3));
  EXPECT_NE(backgrounds(3), backgrounds(4));
}

TEST_F(PlantedPhotos, OnePhotoAndOneClassHaveNoOtherBackground) {
  auto one = photos_;
  one.samples.resize(1);
  const data::ImageTransform transform(as_stored_);
  EXPECT_THAT(
      [&] {
        swap_backgrounds(one, {"a", "b", "c", "d"}, transform, {}, reader(1, 1));
      },
      ::testing::ThrowsMessage<DataError>(
          ::testing::HasSubstr("one photo (0.jpg.png) to cut out: expected two or more")));
  auto alike = photos_;
  std::erase_if(alike.samples, [](const auto& sample) { return sample.label != 2; });
  EXPECT_THAT(
      [&] {
        swap_backgrounds(alike, {"a", "b", "c", "d"}, transform, {}, reader(1, 1));
      },
      ::testing::ThrowsMessage<DataError>(::testing::HasSubstr("all 6 photos are of the class c")));
}

}  // namespace
}  // namespace graft::pipelines
