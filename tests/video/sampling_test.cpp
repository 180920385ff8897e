#include "graft/video/sampling.h"

#include <algorithm>
#include <numeric>

#include "graft/video/view_crops.h"
#include "tests/io/expect_error.h"

namespace graft::video {
namespace {

using Frames = std::vector<std::int64_t>;
using testing::ElementsAre;

// Every whole draw from [0, m) is floor(m / 2): the tables below were made with the published code and such draws.
std::int64_t half(std::int64_t m) {
  return m / 2;
}

Frames train(Sampling rule, std::int64_t n, std::int64_t count = 8, std::int64_t stride = 1) {
  return train_frames({.rule = rule, .frames = count, .stride = stride}, n, half);
}

Frames test(Sampling rule, std::int64_t n, std::int64_t count = 8, std::int64_t stride = 1) {
  return test_frames({.rule = rule, .frames = count, .stride = stride}, n).at(0);
}

Frames starts(Sampling rule, std::int64_t n, std::int64_t count, std::int64_t stride, std::int64_t views) {
  Frames first;
  for (const auto& view : test_frames({.rule = rule, .frames = count, .stride = stride, .views = views}, n))
    first.push_back(view.front());
  return first;
}

Frames every(std::int64_t start, std::int64_t step, std::int64_t count) {
  Frames frames(count);
  for (std::int64_t k = 0; k < count; ++k)
    frames[k] = start + k * step;
  return frames;
}

TEST(Sampling, SegmentsTrainAsInMmaction2) {
  EXPECT_THAT(train(Sampling::segments, 5), ElementsAre(0, 1, 1, 2, 2, 3, 4, 4));
  EXPECT_THAT(train(Sampling::segments, 10), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(train(Sampling::segments, 25), ElementsAre(1, 4, 7, 10, 13, 16, 19, 22));
  EXPECT_THAT(train(Sampling::segments, 300), ElementsAre(18, 55, 92, 129, 166, 203, 240, 277));
}

TEST(Sampling, SegmentsTestAsInMmaction2) {
  EXPECT_THAT(test(Sampling::segments, 5), ElementsAre(0, 0, 1, 2, 2, 3, 4, 4));
  EXPECT_THAT(test(Sampling::segments, 10), ElementsAre(0, 1, 3, 4, 5, 6, 8, 9));
  EXPECT_THAT(test(Sampling::segments, 25), ElementsAre(1, 4, 7, 10, 14, 17, 20, 23));
  EXPECT_THAT(test(Sampling::segments, 300), ElementsAre(18, 56, 93, 131, 168, 206, 243, 281));
  EXPECT_EQ(test(Sampling::segments, 300, 25), every(6, 12, 25));
  EXPECT_THAT(test(Sampling::segments, 10, 25),
              ElementsAre(0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 5, 6, 6, 7, 7, 7, 8, 8, 9, 9, 9));
}

TEST(Sampling, DenseTrainAsInMmaction2) {
  EXPECT_THAT(train(Sampling::dense, 5, 8, 4), ElementsAre(0, 4, 3, 2, 1, 0, 4, 3));
  EXPECT_THAT(train(Sampling::dense, 10, 8, 4), ElementsAre(0, 4, 8, 2, 6, 0, 4, 8));
  EXPECT_THAT(train(Sampling::dense, 25, 8, 4), ElementsAre(0, 4, 8, 12, 16, 20, 24, 3));
  EXPECT_EQ(train(Sampling::dense, 300, 8, 4), every(134, 4, 8));
  EXPECT_EQ(train(Sampling::dense_new, 300, 8, 4), every(134, 4, 8));
}

TEST(Sampling, DenseTestsAsMmaction2DidUpTo024) {
  EXPECT_THAT(test(Sampling::dense, 5, 8, 4), ElementsAre(0, 4, 3, 2, 1, 0, 4, 3));
  EXPECT_THAT(test(Sampling::dense, 10, 8, 4), ElementsAre(0, 4, 8, 2, 6, 0, 4, 8));
  EXPECT_THAT(test(Sampling::dense, 25, 8, 4), ElementsAre(0, 4, 8, 12, 16, 20, 24, 3));
  EXPECT_EQ(test(Sampling::dense, 300, 8, 4), every(134, 4, 8));
  EXPECT_THAT(test(Sampling::dense, 5, 8, 16), ElementsAre(0, 1, 2, 3, 4, 0, 1, 2));
  EXPECT_THAT(test(Sampling::dense, 10, 8, 16), ElementsAre(0, 6, 2, 8, 4, 0, 6, 2));
  EXPECT_THAT(test(Sampling::dense, 25, 8, 16), ElementsAre(0, 16, 7, 23, 14, 5, 21, 12));
  EXPECT_EQ(test(Sampling::dense, 300, 8, 16), every(86, 16, 8));
  EXPECT_THAT(test(Sampling::dense, 5, 8, 32), ElementsAre(0, 2, 4, 1, 3, 0, 2, 4));
  EXPECT_THAT(test(Sampling::dense, 10, 8, 32), ElementsAre(0, 2, 4, 6, 8, 0, 2, 4));
  EXPECT_THAT(test(Sampling::dense, 25, 8, 32), ElementsAre(0, 7, 14, 21, 3, 10, 17, 24));
  EXPECT_EQ(test(Sampling::dense, 300, 8, 32), every(22, 32, 8));
  EXPECT_THAT(starts(Sampling::dense, 300, 8, 16, 3), ElementsAre(28, 86, 144));
  EXPECT_THAT(starts(Sampling::dense, 300, 32, 2, 10), ElementsAre(11, 35, 59, 82, 106, 130, 154, 177, 201, 225));
  EXPECT_THAT(starts(Sampling::dense, 300, 32, 4, 3), ElementsAre(28, 86, 144));
}

TEST(Sampling, DenseNewTestsAsMmaction2Does) {
  EXPECT_EQ(test(Sampling::dense_new, 300, 8, 4), every(135, 4, 8));
  EXPECT_EQ(test(Sampling::dense_new, 300, 8, 16), every(93, 16, 8));
  EXPECT_EQ(test(Sampling::dense_new, 300, 8, 32), every(37, 32, 8));
  EXPECT_THAT(starts(Sampling::dense_new, 300, 8, 16, 3), ElementsAre(0, 94, 187));
  EXPECT_THAT(starts(Sampling::dense_new, 300, 32, 2, 10), ElementsAre(0, 26, 53, 79, 105, 132, 158, 184, 211, 237));
  EXPECT_THAT(starts(Sampling::dense_new, 300, 1, 1, 3), ElementsAre(50, 150, 250));
}

TEST(Sampling, DenseRangeAsInTsm) {
  EXPECT_THAT(starts(Sampling::dense_range, 300, 8, 1, 10), ElementsAre(0, 26, 52, 78, 104, 131, 157, 183, 209, 236));
  EXPECT_EQ(test(Sampling::dense_range, 300), every(0, 8, 8));
  EXPECT_EQ(train(Sampling::dense_range, 300), every(118, 8, 8));
  EXPECT_THAT(train(Sampling::dense_range, 25), ElementsAre(0, 8, 16, 24, 7, 15, 23, 6));
  EXPECT_THAT(train(Sampling::dense_range, 10), ElementsAre(0, 8, 6, 4, 2, 0, 8, 6));
}

TEST(Sampling, UniformTrainAsInTimeSformer) {
  EXPECT_THAT(train(Sampling::uniform, 3), ElementsAre(0, 0, 1, 1, 1, 2, 2, 2));
  EXPECT_THAT(train(Sampling::uniform, 10), ElementsAre(1, 2, 3, 4, 5, 7, 8, 9));
  EXPECT_THAT(train(Sampling::uniform, 25), ElementsAre(2, 5, 8, 11, 14, 17, 20, 23));
  EXPECT_THAT(train(Sampling::uniform, 300), ElementsAre(19, 56, 94, 131, 169, 206, 243, 281));
}

TEST(Sampling, UniformTestAsInTimeSformer) {
  EXPECT_THAT(test(Sampling::uniform, 3), ElementsAre(0, 0, 0, 1, 1, 1, 2, 2));
  EXPECT_THAT(test(Sampling::uniform, 8), ElementsAre(0, 1, 2, 3, 4, 4, 5, 6));
  EXPECT_THAT(test(Sampling::uniform, 10), ElementsAre(0, 1, 2, 3, 5, 6, 7, 8));
  EXPECT_THAT(test(Sampling::uniform, 25), ElementsAre(1, 4, 7, 10, 13, 16, 19, 22));
  EXPECT_THAT(test(Sampling::uniform, 300), ElementsAre(18, 56, 93, 131, 168, 205, 243, 280));
}

TEST(Sampling, UniformHasItsViewsAtEqualShares) {  // of a part of 299 / 8 frames: 12.46 and 24.92 behind its point
  const auto views = test_frames({.rule = Sampling::uniform, .frames = 8, .views = 2}, 300);
  EXPECT_THAT(views.at(0), ElementsAre(12, 49, 87, 124, 162, 199, 236, 274));
  EXPECT_THAT(views.at(1), ElementsAre(24, 61, 99, 136, 174, 211, 248, 286));
}

TEST(Sampling, DenseLastAsInStAdapter) {
  EXPECT_THAT(starts(Sampling::dense_last, 300, 8, 16, 3), ElementsAre(0, 94, 187));
  EXPECT_THAT(test(Sampling::dense_last, 25, 8, 16), ElementsAre(0, 16, 24, 24, 24, 24, 24, 24));
  EXPECT_THAT(train(Sampling::dense_last, 25, 8, 16), ElementsAre(0, 16, 16, 16, 16, 16, 16, 16));
  EXPECT_EQ(train(Sampling::dense_last, 300, 8, 16), every(94, 16, 8));  // of 188 starts
}

TEST(Sampling, EveryRuleStaysInTheClipAndIsTheSameAgain) {
  for (const auto& [rule, name] : choices(Sampling{})) {
    for (const std::int64_t n : {1, 2, 3, 7, 8, 9, 63, 64, 65, 300}) {
      const SamplingOptions options{.rule = rule, .frames = 8, .stride = 3};
      Random random(7), again(7);
      const auto frames = train_frames(options, n, random);
      EXPECT_EQ(frames, train_frames(options, n, again)) << name;
      for (const auto& view : {frames, test_frames(options, n).at(0)}) {
        EXPECT_EQ(view.size(), 8u) << name;
        EXPECT_GE(*std::ranges::min_element(view), 0) << name << " " << n;
        EXPECT_LT(*std::ranges::max_element(view), n) << name << " " << n;
      }
    }
  }
}

TEST(Sampling, AClipOfTheFramesThatARuleNeedsRepeatsNone) {
  for (const auto& [rule, name] : choices(Sampling{})) {
    const SamplingOptions options{.rule = rule, .frames = 8, .stride = 4};
    const auto needed = frames_needed(options);
    for (std::int64_t n = needed - 1; n <= needed + 1; ++n) {
      auto frames = test_frames(options, n).at(0);
      std::ranges::sort(frames);
      const bool repeats = std::ranges::adjacent_find(frames) != frames.end();
      if (n >= needed) {
        EXPECT_FALSE(repeats) << name << " " << n;
      } else if (when_short(rule).starts_with("repeats frames")) {
        EXPECT_TRUE(repeats) << name << " " << n;
      }
    }
    EXPECT_FALSE(when_short(rule).empty());
  }
}

TEST(Sampling, RefusesWhatNoRuleMeans) {
  EXPECT_ERROR(check({.frames = 0}), ConfigError, "[video] frames: expected 1 or more, got 0.");
  EXPECT_ERROR(check({.rule = Sampling::segments, .views = 3}), ConfigError, "segments has one view");
  EXPECT_ERROR(check({.rule = Sampling::dense_range, .frames = 65}), ConfigError, "expected no more, got 65");
  EXPECT_ERROR(test_frames({.stride = 0}, 10), ConfigError, "stride: expected 1 or more");
}

TEST(Crops, GoAlongTheLongerSide) {
  const auto places = [](int width, int height, int crops) {
    std::vector<std::pair<int, int>> found;
    for (const auto& [left, top] : crop_offsets(width, height, 224, crops))
      found.emplace_back(left, top);
    return found;
  };
  using testing::Pair;
  EXPECT_THAT(places(341, 256, 1), ElementsAre(Pair(58, 16)));
  EXPECT_THAT(places(341, 224, 3), ElementsAre(Pair(0, 0), Pair(58, 0), Pair(117, 0)));
  EXPECT_THAT(places(256, 341, 3), ElementsAre(Pair(16, 0), Pair(16, 58), Pair(16, 117)));
  EXPECT_ERROR(crop_offsets(341, 200, 224, 1), ConfigError, "does not fit into frames of 341 x 200");
  EXPECT_ERROR(crop_offsets(341, 256, 224, 10), ConfigError, "expected 1 or 3, got 10");
}

}  // namespace
}  // namespace graft::video
