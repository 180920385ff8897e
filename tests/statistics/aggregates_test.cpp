#include "graft/statistics/aggregates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "graft/core/error.h"
#include "graft/statistics/bootstrap.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
namespace {

const std::vector<double> kTen = {.1, .2, .35, .4, .55, .6, .7, .8, .9, 1.3};

TEST(Aggregates, TheInterquartileMeanCutsWholeValues) {
  EXPECT_DIGITS(interquartile_mean(kTen), .566666666667);
  auto twelve = kTen;
  twelve.insert(twelve.begin(), {1.4, 2.0});
  EXPECT_DIGITS(interquartile_mean(twelve), .658333333333);
  EXPECT_DIGITS(interquartile_mean(std::vector<double>{1, 2, 9}), 4);  // fewer than four: nothing is cut
  EXPECT_DOUBLE_EQ(interquartile_mean(std::vector<double>(7, .3)), .3);
}

TEST(Aggregates, TheGapAndTheProfileOfTen) {
  EXPECT_DIGITS(optimality_gap(kTen), .44);
  const std::vector<double> taus = {.4, .5, .55, .6};
  const auto profile = run_profile(kTen, taus);
  EXPECT_EQ(profile, (std::vector<double>{.6, .6, .5, .4}));
  const std::vector<double> table = {.2, .8, .6, .6};  // two runs of two tasks: means .4 and .7
  EXPECT_EQ(average_profile({table, 2, 2}, taus), (std::vector<double>{.5, .5, .5, .5}));
  const std::vector<double> above = {.3, .39999};
  EXPECT_EQ(average_profile({table, 2, 2}, above), (std::vector<double>{1, 1}));
}

// Tasks are columns.
const std::vector<double> kX = {.5, .8, .6, .7, .7, .9}, kY = {.5, .75, .55, .75, .65, .85};

TEST(Aggregates, ProbabilityOfImprovementOfAllPairsAndOfSameSeeds) {
  const RunScores x{kX, 3, 2}, y{kY, 3, 2};
  EXPECT_DIGITS(probability_of_improvement(x, y), .583333333333);
  EXPECT_DIGITS(probability_of_improvement(x, y) + probability_of_improvement(y, x), 1);
  EXPECT_DIGITS(paired_probability_of_improvement(x, y), .75);
  const std::vector<double> x1 = {.5, .6, .7}, y1 = {.5, .55, .65}, x2 = {.8, .7, .9}, y2 = {.75, .75, .85};
  EXPECT_DIGITS(probability_of_improvement({x1, 3, 1}, {y1, 3, 1}), .611111111111);
  EXPECT_DIGITS(probability_of_improvement({x2, 3, 1}, {y2, 3, 1}), .555555555556);
  const std::vector<double> fewer = {.5, .8};
  EXPECT_DIGITS(probability_of_improvement(x, {fewer, 1, 2}), (2.5 / 3 + 1.5 / 3) / 2);
  EXPECT_THROW(paired_probability_of_improvement(x, {fewer, 1, 2}), UsageError);
  EXPECT_THROW(probability_of_improvement(x, {fewer, 2, 1}), UsageError);
}

// Two runs of two tasks: 16 tables, of which 3, 10 and 3 have .5, .6 and .7.
TEST(Aggregates, TheStratifiedBootstrapDrawsInsideTasks) {
  const std::vector<double> table = {.3, .9, .5, .7};
  const auto iqm = [](const RunScores& scores) { return interquartile_mean(scores.values); };
  const auto drawn = stratified_bootstrap({table, 2, 2}, iqm, 16'000, Random(1));
  for (const auto& [value, count] : std::vector<std::pair<double, double>>{{.5, 3000}, {.6, 10'000}, {.7, 3000}}) {
    const auto found =
        std::count_if(drawn.begin(), drawn.end(), [v = value](double x) { return std::abs(x - v) < 1e-9; });
    EXPECT_NEAR(static_cast<double>(found), count, 200);
  }
  EXPECT_NEAR(percentile_interval(drawn).low, .5, 1e-9);
  EXPECT_NEAR(percentile_interval(drawn).high, .7, 1e-9);
  const auto fewer = stratified_bootstrap({table, 2, 2}, iqm, 100, Random(1));
  EXPECT_TRUE(std::equal(fewer.begin(), fewer.end(), drawn.begin()));
}

TEST(Aggregates, TwoArmsAreDrawnEachOnItsOwn) {
  const auto drawn = stratified_bootstrap({kX, 3, 2}, {kY, 3, 2}, probability_of_improvement, 4'000, Random(2));
  double mean = 0;
  for (const double value : drawn)
    mean += value / 4'000;
  EXPECT_NEAR(mean, .583333333333, 0.01);
  // One arm against itself: were both drawn alike, all would be one half.
  const auto itself = stratified_bootstrap({kX, 3, 2}, {kX, 3, 2}, probability_of_improvement, 100, Random(2));
  EXPECT_NE(std::ranges::min(itself), std::ranges::max(itself));
}

TEST(Aggregates, ATableWithAHoleIsRefused) {
  const std::vector<double> hole = {.3, std::nan(""), .5, .7};
  const auto iqm = [](const RunScores& scores) { return interquartile_mean(scores.values); };
  EXPECT_THROW(stratified_bootstrap({hole, 2, 2}, iqm, 5, Random(1)), DataError);
  EXPECT_THROW(stratified_bootstrap({kTen, 3, 3}, iqm, 5, Random(1)), UsageError);
  EXPECT_THROW(interquartile_mean({}), UsageError);
}

}  // namespace
}  // namespace graft::statistics
