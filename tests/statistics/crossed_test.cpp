#include "graft/statistics/crossed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "graft/core/error.h"
#include "graft/statistics/bootstrap.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
namespace {

struct Law {
  double mean = 0, variance = 0, low = 0, high = 0, not_above_0 = 0;
};
Law law_of(std::vector<double> values) {
  Law law;
  const double n = static_cast<double>(values.size());
  for (const double value : values)
    law.mean += value / n;
  for (const double value : values) {
    law.variance += (value - law.mean) * (value - law.mean) / n;
    law.not_above_0 += (value <= 1e-12) / n;
  }
  std::sort(values.begin(), values.end());
  law.low = values[static_cast<size_t>(std::ceil(0.025 * n)) - 1];  // the inverse of the distribution's steps
  law.high = values[static_cast<size_t>(std::ceil(0.975 * n)) - 1];
  return law;
}

TEST(Crossed, ThreeSeedsOfSixItems) {
  const std::vector<double> d = {1, 0, 1, 0, 0, 1, 1, 0, 0, 0, -1, 1, 0, 0, 1, 0, 0, 1};
  const auto found = crossed_interval(d, 3, 6);
  EXPECT_DIGITS(found.mean, .333333333333);
  EXPECT_DIGITS(found.seeds, 1 / 6.0);
  EXPECT_DIGITS(found.items, .8);
  EXPECT_DIGITS(found.rest, 1 / 6.0);
  EXPECT_DIGITS(found.variance, .0444444444444);
  EXPECT_DIGITS(found.freedom, 4.42396313364);
}

TEST(Crossed, IdenticalCellsAreSaidAndOneSeedIsRefused) {
  const std::vector<double> d(12, 1);
  const auto found = crossed_interval(d, 3, 4);
  EXPECT_TRUE(found.identical);
  EXPECT_EQ(found.interval.low, 1);
  EXPECT_THROW(crossed_interval(d, 1, 12), UsageError);
  EXPECT_THROW(crossed_interval(d, 3, 5), UsageError);
}

// Two sets of two seeds and two items, of which every outcome was enumerated.
const std::vector<double> kOne = {1, 0, 1, 1}, kTwo = {0, -1, 1, 0};
const std::vector<CrossedSet> kSets = {{kOne, 2, 2}, {kTwo, 2, 2}};

TEST(CrossedBootstrap, NearsTheCountedLawWithSetsDrawnAndFixed) {
  const auto drawn = law_of(crossed_bootstrap(kSets, SetDrawing::drawn, 100'000, Random(1)));
  EXPECT_NEAR(drawn.mean, .375, 0.004);
  EXPECT_NEAR(drawn.variance, .15234375, 0.002);
  EXPECT_EQ(drawn.low, -.5);
  EXPECT_EQ(drawn.high, 1);
  EXPECT_NEAR(drawn.not_above_0, .2421875, 0.005);
  const auto fixed = law_of(crossed_bootstrap(kSets, SetDrawing::fixed, 100'000, Random(1)));
  EXPECT_NEAR(fixed.variance, .08203125, 0.0015);
  EXPECT_EQ(fixed.low, -.25);
  EXPECT_EQ(fixed.high, 1);
  EXPECT_NEAR(fixed.not_above_0, .1640625, 0.005);
}

TEST(CrossedBootstrap, OfOneSeedIsThatOfItemsAndOfOneItemThatOfSeeds) {
  const std::vector<double> five = {11, 6, -2, 19, 8};  // of all its resamples: sd 3.05417746701
  for (const CrossedSet& set : {CrossedSet{five, 1, 5}, CrossedSet{five, 5, 1}}) {
    const auto law = law_of(crossed_bootstrap(std::span(&set, 1), SetDrawing::fixed, 50'000, Random(2)));
    EXPECT_NEAR(law.mean, 8.4, 0.06);
    EXPECT_NEAR(std::sqrt(law.variance), 3.05417746701, 0.04);
  }
}

// With 12 and 4 discordant of 200 items and one seed it is the multinomial law of (b, c, rest).
TEST(CrossedBootstrap, OfDiscordantItemsIsMultinomial) {
  std::vector<double> d(200, 0.0);
  std::fill(d.begin(), d.begin() + 12, 1);
  std::fill(d.begin() + 12, d.begin() + 16, -1);
  const CrossedSet set{d, 1, 200};
  const auto law = law_of(crossed_bootstrap(std::span(&set, 1), SetDrawing::fixed, 50'000, Random(9)));
  EXPECT_NEAR(std::sqrt(law.variance), .0197989898732, 0.0003);
  EXPECT_NEAR(law.low, 0, 1e-12);
  EXPECT_NEAR(law.high, .08, 1e-12);
  EXPECT_NEAR(law.not_above_0, .0259556695872, 0.003);
}

// Four frames of a clip that say the same are one clip: the spread is that of the clips.
TEST(CrossedBootstrap, ItemsOfAGroupAreDrawnTogether) {
  std::vector<double> clips = {1, 0, -1, 1, 0, 1}, frames;
  std::vector<int64_t> groups;
  for (size_t clip = 0; clip < clips.size(); ++clip) {
    frames.insert(frames.end(), 4, clips[clip]);
    groups.insert(groups.end(), 4, static_cast<int64_t>(100 - clip));
  }
  const CrossedSet of_clips{clips, 1, 6}, grouped{frames, 1, 24, groups}, loose{frames, 1, 24};
  const auto truth = crossed_bootstrap(std::span(&of_clips, 1), SetDrawing::fixed, 2'000, Random(3));
  const auto found = crossed_bootstrap(std::span(&grouped, 1), SetDrawing::fixed, 2'000, Random(3));
  for (size_t i = 0; i < truth.size(); ++i)
    EXPECT_NEAR(found[i], truth[i], 1e-12);
  const auto wrong = crossed_bootstrap(std::span(&loose, 1), SetDrawing::fixed, 2'000, Random(3));
  EXPECT_LT(law_of(wrong).variance, 0.4 * law_of(truth).variance);
}

TEST(CrossedBootstrap, IsTheSameForTheSameKeyAndRefusesWhatDoesNotFit) {
  const auto once = crossed_bootstrap(kSets, SetDrawing::drawn, 50, Random(4));
  const auto longer = crossed_bootstrap(kSets, SetDrawing::drawn, 60, Random(4));
  EXPECT_TRUE(std::equal(once.begin(), once.end(), longer.begin()));
  const std::vector<int64_t> groups = {1};
  const CrossedSet wrong{kOne, 2, 2, groups};
  EXPECT_THROW(crossed_bootstrap(std::span(&wrong, 1), SetDrawing::fixed, 5, Random(1)), UsageError);
  const std::vector<double> lost = {1, std::nan("")};
  const CrossedSet missing{lost, 1, 2};
  EXPECT_THROW(crossed_bootstrap(std::span(&missing, 1), SetDrawing::fixed, 5, Random(1)), DataError);
}

}  // namespace
}  // namespace graft::statistics
