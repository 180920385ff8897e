#include "graft/pipelines/background_effects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "graft/core/error.h"

namespace graft::pipelines {
namespace {

constexpr double kSure = -0.1, kUnsure = -2.1;

// What a classifier says that reads `background` or the object, and is as sure of it as it is right.
Answer said(int64_t told, int64_t label) {
  return {told, told == label ? kSure : kUnsure};
}

// A photo of class `label` of three, with backgrounds of two of its class and of each other class.
PhotoAnswers photo_of(int64_t label, bool reads_background) {
  PhotoAnswers photo{.label = label};
  photo.photo = photo.own = said(label, label);
  photo.alone = said(reads_background ? label : (label + 1) % 3, label);
  for (const size_t background : {1, 2})
    photo.same.push_back({background, label, said(label, label)});
  for (const int64_t other : {(label + 1) % 3, (label + 2) % 3})
    photo.other.push_back({7, other, said(reads_background ? other : label, label)});
  return photo;
}

std::vector<PhotoAnswers> photos_of(bool reads_background) {
  std::vector<PhotoAnswers> photos;
  for (int64_t i = 0; i < 12; ++i)
    photos.push_back(photo_of(i % 3, reads_background));
  return photos;
}

TEST(BackgroundEffects, OfAReaderOfTheBackgroundAreWhole) {
  const auto found = background_effects(photos_of(true), Random(1));
  EXPECT_EQ(found.photos, 12);
  EXPECT_EQ(found.accuracy.value, 1);
  EXPECT_EQ(found.other.accuracy.value, 0);
  EXPECT_EQ(found.other.drop.value, 1);
  EXPECT_EQ(found.other.changed.value, 1);
  EXPECT_NEAR(found.other.log_probability.value, kUnsure - kSure, 1e-12);
  EXPECT_EQ(found.same.changed.value, 0);
  EXPECT_EQ(found.own.log_probability.value, 0);
  EXPECT_EQ(found.alone.accuracy.value, 1);
  EXPECT_EQ(found.follows.value, 1);
  EXPECT_EQ(found.by_chance.value, 0);
  EXPECT_EQ(found.beyond_chance.value, 1);
  EXPECT_EQ(found.beyond_chance.interval.low, 1);
  ASSERT_TRUE(found.gap);
  EXPECT_EQ(found.gap->value, 1);
}

TEST(BackgroundEffects, OfAReaderOfTheObjectAreNothing) {
  const auto found = background_effects(photos_of(false), Random(1));
  EXPECT_EQ(found.other.accuracy.value, 1);
  EXPECT_EQ(found.other.drop.value, 0);
  EXPECT_EQ(found.other.changed.value, 0);
  EXPECT_EQ(found.other.log_probability.value, 0);
  EXPECT_EQ(found.alone.accuracy.value, 0);
  EXPECT_EQ(found.follows.value, 0);
  EXPECT_EQ(found.gap->value, 0);
}

// A classifier whose answers are drawn by whatever is cut and pasted names the background's class, and by chance.
TEST(BackgroundEffects, AnswersThatNameABackgroundsClassOnAnyBackgroundAreChance) {
  auto photos = photos_of(false);
  for (auto& photo : photos) {
    const auto wrong = (photo.label + 1) % 3;
    for (auto* swapped : {&photo.same, &photo.other}) {
      for (auto& one : *swapped)
        one.answer = said(wrong, photo.label);
    }
  }
  const auto found = background_effects(photos, Random(1));
  EXPECT_EQ(found.follows.value, 0.5);  // one of its two backgrounds is of that class
  EXPECT_EQ(found.by_chance.value, 0.5);
  EXPECT_EQ(found.beyond_chance.value, 0);
  EXPECT_EQ(found.gap->value, 0);
  EXPECT_EQ(found.other.drop.value, 1);
}

TEST(BackgroundEffects, WithoutABackgroundOfTheOwnClassChanceIsWhatThePhotoItselfSays) {
  auto photo = photo_of(0, true);
  photo.same.clear();
  photo.photo = photo.own = said(1, 0);
  const auto found = background_effects({photo}, Random(1));
  EXPECT_EQ(found.follows.value, 1);
  EXPECT_EQ(found.by_chance.value, 0.5);
  EXPECT_EQ(found.beyond_chance.value, 0.5);
  EXPECT_EQ(found.same.photos, 0);
  EXPECT_FALSE(found.gap);
}

// Of n photos the half follow: the share's standard deviation over samples of photos is 0.5 / sqrt(n).
TEST(BackgroundEffects, IntervalsAreThoseOfAMeanOverPhotos) {
  std::vector<PhotoAnswers> photos;
  for (int64_t i = 0; i < 100; ++i)
    photos.push_back(photo_of(i % 3, i % 2 == 0));
  const auto follows = background_effects(photos, Random(3)).follows;
  EXPECT_EQ(follows.value, 0.5);
  EXPECT_NEAR(follows.interval.low, 0.5 - 1.96 * 0.05, 0.015);
  EXPECT_NEAR(follows.interval.high, 0.5 + 1.96 * 0.05, 0.015);
}

TEST(BackgroundEffects, OfNoPhotosThereAreNone) {
  EXPECT_THAT([&] { background_effects({}, Random(1)); },
              ::testing::ThrowsMessage<UsageError>(::testing::HasSubstr("no photos")));
}

}  // namespace
}  // namespace graft::pipelines
