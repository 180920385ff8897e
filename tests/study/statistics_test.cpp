#include "graft/study/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/study/distributions.h"

namespace graft::study {
namespace {

TEST(Distributions, NormalQuantilesAreThoseOfTheTables) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963985, 1e-9);
  EXPECT_NEAR(normal_quantile(0.8), 0.841621234, 1e-9);
  EXPECT_NEAR(normal_cdf(-1), 0.158655254, 1e-9);
}

TEST(Distributions, StudentsQuantilesAreThoseOfTheTables) {
  EXPECT_NEAR(t_quantile(0.975, 1), 12.7062047, 1e-6);  // Cauchy: tan(0.475 pi)
  EXPECT_NEAR(t_quantile(0.975, 5), 2.5705818, 1e-6);
  EXPECT_NEAR(t_quantile(0.975, 30), 2.0422725, 1e-6);
  EXPECT_NEAR(t_quantile(0.025, 5), -2.5705818, 1e-6);
}

TEST(Distributions, WithTwoDegreesOfFreedomStudentsCdfHasAClosedForm) {
  for (const double t : {-3.0, -0.4, 0.0, 0.7, 4.0}) {
    EXPECT_NEAR(t_cdf(t, 2), 0.5 + t / (2 * std::sqrt(2 + t * t)), 1e-12);
  }
}

TEST(Distributions, TheIncompleteBetaOfOneAndOneIsTheIdentity) {
  for (const double x : {0.0, 0.1, 0.5, 0.9, 1.0})
    EXPECT_NEAR(incomplete_beta(x, 1, 1), x, 1e-14);
  EXPECT_NEAR(incomplete_beta(0.5, 2, 3), 0.6875, 1e-13);  // 6x² - 8x³ + 3x⁴
}

TEST(Statistics, TheIntervalOfAMeanIsStudents) {
  const std::vector<double> values = {1, 2, 3, 4, 5};  // mean 3, deviation sqrt(2.5)
  const auto summary = summarise(values);
  EXPECT_DOUBLE_EQ(summary.mean, 3);
  EXPECT_NEAR(summary.deviation, std::sqrt(2.5), 1e-12);
  const double half = 2.7764451 * std::sqrt(2.5 / 5);  // t(0.975, 4)
  EXPECT_NEAR(summary.interval.low, 3 - half, 1e-6);
  EXPECT_NEAR(summary.interval.high, 3 + half, 1e-6);
}

TEST(Statistics, OneValueHasNoInterval) {
  const std::vector<double> values = {0.7};
  EXPECT_TRUE(std::isinf(summarise(values).interval.high));
}

TEST(Statistics, SixDifferencesOfOneSignAreTheLeastThatASignFlipTestBelieves) {
  const std::vector<double> six = {1, 2, 3, 4, 5, 6}, five = {1, 2, 3, 4, 5};
  EXPECT_DOUBLE_EQ(sign_flip_p(six, Random(1)), 2.0 / 64);
  EXPECT_DOUBLE_EQ(sign_flip_p(five, Random(1)), 2.0 / 32);
}

TEST(Statistics, SignFlipsOfThreeValuesCountedByHand) {
  // 3 + 2 - 1 = 4; of the 8 sums (6, 4, 2, 0 and their negatives) four are at least as far from 0.
  const std::vector<double> differences = {3, 2, -1};
  EXPECT_DOUBLE_EQ(sign_flip_p(differences, Random(1)), 4.0 / 8);
}

TEST(Statistics, ManyDifferencesAreFlippedByDrawingAndNeverReachZero) {
  const std::vector<double> differences(30, 1.0);
  const double p = sign_flip_p(differences, Random(1));
  EXPECT_GT(p, 0);
  EXPECT_LT(p, 1e-4);
}

TEST(Statistics, WilcoxonOfThreeValuesCountedByHand) {
  // Ranks 1 (of -1), 2, 3: the negative sum is 1. Sums 0 and 1 have 2 of 8 patterns; two-sided 4 / 8.
  const std::vector<double> differences = {3, 2, -1};
  EXPECT_DOUBLE_EQ(wilcoxon_p(differences), 4.0 / 8);
}

TEST(Statistics, WilcoxonDropsZerosAndSharesTiedRanks) {
  // Without the zero: |1|, |1|, |2| with ranks 1.5, 1.5, 3. Negative sum 1.5: patterns {}, {1.5}, {1.5} are 3 of 8.
  const std::vector<double> differences = {0, 1, -1, 2};
  EXPECT_DOUBLE_EQ(wilcoxon_p(differences), 6.0 / 8);
  const std::vector<double> zeros = {0, 0};
  EXPECT_DOUBLE_EQ(wilcoxon_p(zeros), 1);
}

TEST(Statistics, WilcoxonBeyondFiftyIsNearTheExactOne) {
  std::vector<double> differences;
  for (int i = 1; i <= 50; ++i)
    differences.push_back(i % 3 == 0 ? -i : i);
  const double exact = wilcoxon_p(differences);
  differences.push_back(0.5);  // 51 values: the normal one; the smallest rank changes little
  EXPECT_NEAR(wilcoxon_p(differences), exact, 0.1 * exact);
}

TEST(Statistics, HolmMultipliesTheSmallestByAllAndNeverFalls) {
  const auto adjusted = holm({0.04, 0.01, 0.03});
  EXPECT_DOUBLE_EQ(adjusted[1], 0.03);  // 0.01 * 3
  EXPECT_DOUBLE_EQ(adjusted[2], 0.06);  // 0.03 * 2
  EXPECT_DOUBLE_EQ(adjusted[0], 0.06);  // 0.04 * 1 is less than the one before
  EXPECT_DOUBLE_EQ(holm({0.8, 0.9})[0], 1);
}

TEST(Statistics, WilsonsIntervalStaysInsideAndIsThatOfTheBooks) {
  const auto half = wilson_interval(5, 10);
  EXPECT_NEAR(half.low, 0.2366, 1e-4);
  EXPECT_NEAR(half.high, 0.7634, 1e-4);
  const auto all = wilson_interval(10, 10);
  EXPECT_NEAR(all.low, 0.7225, 1e-4);  // n / (n + z²)
  EXPECT_DOUBLE_EQ(all.high, 1);
  EXPECT_DOUBLE_EQ(wilson_interval(0, 0).high, 1);
}

TEST(Statistics, ADifferenceOfOneDeviationNeedsTenPairs) {
  EXPECT_EQ(pairs_needed(1, 1), 10);  // (t(.975, 9) + t(.8, 9))² = (2.2622 + 0.8834)² = 9.9
  EXPECT_EQ(pairs_needed(-1, 1), 10);
  EXPECT_EQ(pairs_needed(0, 1), 0);
  EXPECT_GT(pairs_needed(0.1, 1), 700);
}

TEST(Statistics, AComparisonIsPaired) {
  // Seeds differ by far more than the methods do; every pair says +0.01.
  const std::vector<double> second = {0.50, 0.60, 0.70, 0.80, 0.55, 0.65},
                            first = {0.511, 0.609, 0.712, 0.808, 0.561, 0.659};
  const auto comparison = compare(first, second, Random(1));
  EXPECT_NEAR(comparison.difference.mean, 0.01, 1e-12);
  EXPECT_TRUE(comparison.shown());
  EXPECT_DOUBLE_EQ(comparison.p_sign_flip, 2.0 / 64);
  EXPECT_GT(comparison.bootstrap.low, 0.008);
}

TEST(Statistics, FiveSeedsShowNothingHoweverClear) {
  const std::vector<double> first = {1.1, 1.2, 1.3, 1.4, 1.5}, second = {0, 0, 0, 0, 0};
  EXPECT_FALSE(compare(first, second, Random(1)).shown());
}

TEST(Statistics, UnequalSidesAreRefused) {
  const std::vector<double> first = {1, 2}, second = {1};
  EXPECT_THROW(compare(first, second, Random(1)), UsageError);
}

// By hand: shares 1/2 and 3/3; variances at 2/4 and 4/5: 0.25 / 2 and 0.16 / 3.
TEST(Statistics, TheMeanShareOfClassesHasAnIntervalFromTheirOwnVariances) {
  const std::vector<Share> classes{{1, 2}, {3, 3}, {0, 0}};
  const auto interval = mean_share_interval(classes);
  const double half = 1.959963984540054 * std::sqrt(0.25 / 2 + 0.16 / 3) / 2;
  EXPECT_NEAR(interval.low, 0.75 - half, 1e-9);
  EXPECT_EQ(interval.high, 1);
  EXPECT_EQ(mean_share_interval({}).high, 1);
}

}  // namespace
}  // namespace graft::study
