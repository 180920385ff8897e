#include "graft/statistics/bootstrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "graft/core/error.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}
double mean_of_first(const Samples& samples) {
  return mean_of(samples[0]);
}

const std::vector<double> kFive = {11, 6, -2, 19, 8};

// All 5^5 resamples of the mean, in whole numbers until the last division.
std::vector<double> every_resample() {
  std::vector<double> means;
  for (size_t code = 0; code < 3125; ++code) {
    double sum = 0;
    for (size_t i = 0, rest = code; i < 5; ++i, rest /= 5)
      sum += kFive[rest % 5];
    means.push_back(sum / 5);
  }
  return means;
}

std::vector<double> without_each() {
  std::vector<double> means;
  for (const double left_out : kFive)
    means.push_back((42 - left_out) / 4);
  return means;
}

TEST(Bootstrap, QuantilesLieBetweenNeighbours) {
  const std::vector<double> values = {1, 2, 4, 8};
  EXPECT_DOUBLE_EQ(quantile(values, .1), 1.3);
  EXPECT_DOUBLE_EQ(quantile(values, .5), 3);
  EXPECT_DOUBLE_EQ(quantile(values, .975), 7.7);
  EXPECT_EQ(quantile(values, 1), 8);
  EXPECT_EQ(quantile(std::vector<double>{3}, .4), 3);
  EXPECT_THROW(quantile({}, .5), UsageError);
}

TEST(Bootstrap, OfAllResamplesHasTwelveDigits) {
  const auto all = every_resample();
  double squares = 0;
  for (const double value : all)
    squares += (value - 8.4) * (value - 8.4);
  EXPECT_DIGITS(std::sqrt(squares / 3125), 3.05417746701);
  const auto middle = percentile_interval(all);
  EXPECT_DIGITS(middle.low, 2.2);
  EXPECT_DIGITS(middle.high, 14.6);
  const std::vector<std::vector<double>> jackknife = {without_each()};
  const double a = acceleration(jackknife);
  EXPECT_DIGITS(a, .00326858784375);
  const auto bca = bca_interval(all, 8.4, a);
  EXPECT_DIGITS(bca.bias, .0144386805314);
  EXPECT_DIGITS(bca.low_level, .0275052699055);
  EXPECT_DIGITS(bca.high_level, .977339663703);
  EXPECT_DIGITS(bca.interval.low, 2.6);
  EXPECT_DIGITS(bca.interval.high, 14.6418218814);
  EXPECT_FALSE(bca.degenerate);
}

TEST(Bootstrap, DrawnNearsTheCountedOne) {
  const auto drawn = bootstrap({kFive}, mean_of_first, 20'000, Random(1));
  EXPECT_DOUBLE_EQ(drawn.estimate, 8.4);
  EXPECT_NEAR(drawn.percentile.low, 2.2, 0.25);
  EXPECT_NEAR(drawn.percentile.high, 14.6, 0.25);
  EXPECT_NEAR(drawn.bca.bias, .0144, 0.02);
  EXPECT_TRUE(std::is_sorted(drawn.distribution.begin(), drawn.distribution.end()));
}

// A replicate has streams of its own: the first hundred are the same however many follow.
TEST(Bootstrap, AReplicateDoesNotDependOnHowManyThereAre) {
  const auto few = bootstrap({kFive}, mean_of_first, 100, Random(7)).distribution;
  const auto more = bootstrap({kFive}, mean_of_first, 101, Random(7)).distribution;
  EXPECT_TRUE(std::includes(more.begin(), more.end(), few.begin(), few.end()));
  EXPECT_NE(few, bootstrap({kFive}, mean_of_first, 100, Random(8)).distribution);
}

TEST(Bootstrap, SamplesAreDrawnEachOnItsOwn) {
  const std::vector<double> other = {1, 2, 3, 4};
  const auto difference = bootstrap(
      {kFive, other}, [](const Samples& s) { return mean_of(s[0]) - mean_of(s[1]); }, 20'000, Random(3));
  double squares = 0;
  for (const double value : difference.distribution)
    squares += (value - 5.9) * (value - 5.9);
  // Variances add: 3.05417746701^2 and 1.25 / 4.
  EXPECT_NEAR(squares / 20'000, 3.05417746701 * 3.05417746701 + 0.3125, 0.25);
}

TEST(Bootstrap, WhatHasNoIntervalIsSaidToHaveNone) {
  const auto alike = bootstrap({{2, 2, 2}}, mean_of_first, 50, Random(1));
  EXPECT_TRUE(alike.bca.degenerate);
  EXPECT_EQ(alike.bca.interval.low, 2);
  EXPECT_EQ(alike.percentile.high, 2);
  const std::vector<double> above = {3, 4, 5};
  EXPECT_TRUE(bca_interval(above, 1, 0).degenerate);
  EXPECT_FALSE(bca_interval(above, 4, 0).degenerate);
  EXPECT_THROW(bootstrap({{1, std::nan("")}}, mean_of_first, 5, Random(1)), DataError);
  EXPECT_THROW(bootstrap({{}}, mean_of_first, 5, Random(1)), UsageError);
}

}  // namespace
}  // namespace graft::statistics
