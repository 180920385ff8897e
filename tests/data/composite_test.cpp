#include "graft/data/composite.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <memory>

#include "graft/core/random.h"
#include "graft/data/composite_source.h"
#include "tests/data/bmp.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;

Image noise(Size size, std::uint64_t seed) {
  Random random(seed);
  Image image{size.width, size.height, {}};
  for (int i = 0; i < 3 * size.width * size.height; ++i)
    image.rgb.push_back(static_cast<std::uint8_t>(random.below(256)));
  return image;
}

Object drawn(Size size, std::uint64_t seed, std::uint64_t one_in) {
  Random random(seed);
  Object object(static_cast<std::size_t>(size.width * size.height));
  for (auto& pixel : object)
    pixel = random.below(one_in) == 0 ? 1 : 0;
  object[random.below(object.size())] = 1;
  return object;
}

int squared_distance(std::size_t a, std::size_t b, int width) {
  const int rows = static_cast<int>(a) / width - static_cast<int>(b) / width;
  const int columns = static_cast<int>(a) % width - static_cast<int>(b) % width;
  return rows * rows + columns * columns;
}

TEST(Composite, TheNearestPixelIsAsNearAsAnyByEuclid) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Size size{1 + static_cast<int>(seed % 9), 1 + static_cast<int>(seed * 7 % 13)};
    const auto chosen = drawn(size, seed, 1 + seed % 12);
    const auto nearest = nearest_chosen(chosen, size);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      ASSERT_EQ(chosen[nearest[i]], 1) << seed;
      int least = 1 << 30;
      for (std::size_t j = 0; j < chosen.size(); ++j)
        if (chosen[j] == 1) least = std::min(least, squared_distance(i, j, size.width));
      ASSERT_EQ(squared_distance(i, nearest[i], size.width), least) << seed << ", pixel " << i;
    }
  }
}

TEST(Composite, WhereTheObjectWasLiesTheNearestPixelOrTheMeanColour) {
  const Image photo{4, 1, {10, 0, 0, 99, 99, 99, 99, 99, 99, 21, 7, 0}};
  const Object object = {0, 1, 1, 0};
  EXPECT_THAT(without_object(photo, object, Fill::nearest).rgb, ElementsAre(10, 0, 0, 10, 0, 0, 21, 7, 0, 21, 7, 0));
  EXPECT_THAT(without_object(photo, object, Fill::mean).rgb, ElementsAre(10, 0, 0, 16, 4, 0, 16, 4, 0, 21, 7, 0));
}

TEST(Composite, OnItsOwnBackgroundAPhotoStaysTheSameBytes) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Size size{5 + static_cast<int>(seed), 23};
    const auto photo = noise(size, seed);
    const auto object = drawn(size, seed, 5);
    for (const auto fill : {Fill::nearest, Fill::mean}) {
      for (const double feather : {0.0, 0.5, 2.5, 40.0}) {
        const auto background = cover(without_object(photo, object, fill), size);
        EXPECT_EQ(on_background(photo, object, background, feather).rgb, photo.rgb) << seed << " " << feather;
      }
    }
  }
}

TEST(Composite, TheObjectStaysAndItsPhotoFadesOutAroundIt) {
  const Image photo{6, 1, std::vector<std::uint8_t>(18, 200)}, background{6, 1, std::vector<std::uint8_t>(18, 0)};
  const Object object = {1, 0, 0, 0, 0, 0};
  const auto reds = [&](double feather) {
    const auto made = on_background(photo, object, background, feather);
    std::vector<int> values;
    for (std::size_t i = 0; i < made.rgb.size(); i += 3)
      values.push_back(made.rgb[i]);
    return values;
  };
  EXPECT_THAT(reds(0), ElementsAre(200, 0, 0, 0, 0, 0));
  EXPECT_THAT(reds(3), ElementsAre(200, 150, 100, 50, 0, 0));
}

TEST(Composite, ABackgroundIsScaledUntilItCoversAndCutInTheMiddle) {
  Image wide{40, 10, {}};
  for (int i = 0; i < 400; ++i) {
    const int x = i % 40;
    for (const int value : {x < 15 ? 255 : 0, x >= 15 && x < 25 ? 255 : 0, x >= 25 ? 255 : 0})
      wide.rgb.push_back(static_cast<std::uint8_t>(value));
  }
  const auto middle = cover(wide, {10, 10});
  EXPECT_EQ(middle.width, 10);
  for (std::size_t i = 0; i < middle.rgb.size(); i += 3)
    EXPECT_THAT(
        std::vector<int>(middle.rgb.begin() + static_cast<long>(i), middle.rgb.begin() + static_cast<long>(i) + 3),
        ElementsAre(0, 255, 0));
  const auto tall = cover(wide, {80, 20});
  EXPECT_EQ(tall.height, 80);
  EXPECT_EQ(tall.width, 20);
  EXPECT_EQ(cover(wide, {10, 40}).rgb, wide.rgb);
}

class CutOut : public testing::Test {
 protected:
  CutOut() {
    put("a", {6, 8}, 1);
    put("b", {10, 7}, 2);
    photos_.root = folder_.path();
    photos_.masks = std::make_shared<MaskFiles>(folder_.path(), MaskNumbers::in_order(3, "classes.txt"));
    photos_.images = std::make_shared<ImageCache>();
  }
  // A photo of noise whose first half of the rows is the object, and what is not counted a part of it.
  void put(const std::string& name, Size size, std::uint64_t seed) {
    io::IndexImage mask{size.width, size.height, {}, {}};
    for (int i = 0; i < size.width * size.height; ++i)
      mask.classes.push_back(i >= size.width * size.height / 2 ? 0 : i == 0 ? io::kIgnoredClass : 2);
    folder_.put(name + ".bmp", bmp(noise(size, seed)));
    folder_.put(name + ".png", io::encode_index_png(mask));
    photos_.samples.push_back(
        {.input = name + ".bmp", .label = static_cast<std::int64_t>(seed), .pair = name + ".png"});
  }
  Image photo(const char* name) const { return io::read_image(folder_ / name); }

  TempFolder folder_;
  CutPhotos photos_;
};

TEST_F(CutOut, WhatNobodyCallsBackgroundIsTheObject) {
  const auto object = photos_.object(0);
  EXPECT_EQ(std::ranges::count(object, 1), 24);
  EXPECT_EQ(object[0], 1);
}

TEST_F(CutOut, IsSeenAsItIsOnABackgroundOrNotAtAll) {
  using Kind = Composite::Kind;
  const auto a = photo("a.bmp");
  EXPECT_EQ(compose(photos_, {Kind::photo, 0, 0}, {}).rgb, a.rgb);
  EXPECT_EQ(compose(photos_, {Kind::swapped, 0, 0}, {.feather = 2}).rgb, a.rgb);
  const auto swapped = compose(photos_, {Kind::swapped, 0, 1}, {});
  const auto b = cover(without_object(photo("b.bmp"), photos_.object(1), Fill::nearest), {a.height, a.width});
  const std::size_t half = a.rgb.size() / 2;
  EXPECT_TRUE(std::equal(a.rgb.begin(), a.rgb.begin() + static_cast<long>(half), swapped.rgb.begin()));
  EXPECT_TRUE(
      std::equal(b.rgb.begin() + static_cast<long>(half), b.rgb.end(), swapped.rgb.begin() + static_cast<long>(half)));
  EXPECT_EQ(compose(photos_, {Kind::alone, 0, 0}, {}).rgb, without_object(a, photos_.object(0), Fill::nearest).rgb);
}

TEST_F(CutOut, AsASourceEachCompositeHasItsNameItsLabelAndItsContent) {
  using Kind = Composite::Kind;
  const std::vector<Composite> all = {{Kind::photo, 0, 0},   {Kind::swapped, 0, 0}, {Kind::swapped, 0, 1},
                                      {Kind::swapped, 1, 0}, {Kind::alone, 0, 0},   {Kind::alone, 1, 1}};
  Preprocessing as_stored;
  as_stored.resize = {6, 8};
  const CompositeSource source(photos_, all, {}, ImageTransform(as_stored));
  const CompositeSource soft(photos_, all, {.feather = 1}, ImageTransform(as_stored));
  EXPECT_EQ(source.name(0), "a.bmp");
  EXPECT_EQ(source.name(2), "a.bmp on b.bmp");
  EXPECT_EQ(source.name(5), "b.bmp without its object");
  EXPECT_EQ(source.label(2), 1);
  EXPECT_EQ(source.label(3), 2);
  std::vector<std::string> contents;
  for (std::int64_t i = 0; i < source.size(); ++i)
    contents.push_back(source.content(i));
  for (std::int64_t i = 1; i < source.size(); ++i)
    contents.push_back(soft.content(i));
  EXPECT_EQ(soft.content(0), contents[0]);
  std::ranges::sort(contents);
  EXPECT_EQ(std::ranges::adjacent_find(contents), contents.end());

  const auto read = [&](std::int64_t i) {
    std::vector<float> pixels(source.floats());
    Row row;
    row.pixels = pixels;
    source.read(i, Random(0), row);
    return pixels;
  };
  EXPECT_EQ(read(0), read(1));
  EXPECT_NE(read(0), read(2));
}

TEST_F(CutOut, MasksThatMarkNothingOrEverythingAreRefusedByName) {
  put("empty", {6, 8}, 3);
  put("full", {6, 8}, 4);
  folder_.put("empty.png", io::encode_index_png({8, 6, std::vector<std::uint8_t>(48, 0), {}}));
  folder_.put("full.png", io::encode_index_png({8, 6, std::vector<std::uint8_t>(48, io::kIgnoredClass), {}}));
  EXPECT_ERROR(photos_.object(2), DataError, "empty.bmp: its mask empty.png marks no object.");
  EXPECT_ERROR(photos_.object(3), DataError, "full.bmp: its mask full.png calls the whole photo an object");
}

}  // namespace
}  // namespace graft::data
