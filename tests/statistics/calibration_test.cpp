#include "graft/statistics/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "graft/core/error.h"
#include "graft/core/random.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
namespace {

const std::vector<double> kConfidences = {.95, .90, .85, .80, .70, .65, .60, .55, .55, .45};
const std::vector<uint8_t> kRight = {1, 1, 0, 1, 1, 0, 1, 0, 1, 0};

TEST(Calibration, OfTenAnswersHasTwelveDigits) {
  const auto width = calibration_error(kConfidences, kRight, 5, Bins::width);
  EXPECT_DIGITS(width.error, .1);
  EXPECT_DIGITS(width.squared, .0176458333333);
  EXPECT_DIGITS(width.debiased, -.0823541666667);
  const auto mass = calibration_error(kConfidences, kRight, 5, Bins::mass);
  EXPECT_DIGITS(mass.error, .3);
  EXPECT_DIGITS(mass.squared, .1145);
  EXPECT_DIGITS(mass.debiased, .0145);
  double top = 0;
  for (size_t i = 0; i < 10; ++i)
    top += std::pow(kConfidences[i] - kRight[i], 2) / 10;
  EXPECT_DIGITS(top, .2155);
}

TEST(Calibration, BinsAreOpenBelowAndZeroFallsOut) {
  const std::vector<double> edges = {0, 0.2, 0.6, 1};
  const std::vector<uint8_t> right = {1, 1, 0, 1};
  // 0.2 in (0, 0.2], 0.6 in (0.4, 0.6], 1 in (0.8, 1]: (0.8 + 0.6 + 0) / 4
  EXPECT_DIGITS(calibration_error(edges, right, 5).error, .35);
  for (int k = 1; k <= 15; ++k) {  // an edge of a bin belongs to the bin that it ends
    const double low = (k - 1) / 15.0 + 1e-9, high = k / 15.0;
    const std::vector<double> two = {low, high};
    const std::vector<uint8_t> one = {1, 0};
    EXPECT_NEAR(calibration_error(two, one, 15).error, std::abs((low + high - 1) / 2), 1e-12) << k;
  }
}

// Enumerated: every item right with its confidence.
TEST(Calibration, WhatPerfectCalibrationGivesIsCountedExactly) {
  const std::vector<double> confidences = {.55, .58, .72, .77, .93};
  double expected = 0;
  for (unsigned pattern = 0; pattern < 32; ++pattern) {
    std::vector<uint8_t> right;
    double probability = 1;
    for (size_t i = 0; i < 5; ++i) {
      right.push_back(pattern >> i & 1);
      probability *= right.back() ? confidences[i] : 1 - confidences[i];
    }
    expected += probability * calibration_error(confidences, right, 5).error;
  }
  EXPECT_DIGITS(calibration_error(confidences, {std::vector<uint8_t>(5)}, 5).expected_if_calibrated, expected);
}

TEST(Calibration, LargeBinsByTheNormalLawAgreeWithSmallOnes) {
  std::vector<double> many(1000, .85), more(1001, .85);
  const double exact = calibration_error(many, std::vector<uint8_t>(1000), 1).expected_if_calibrated;
  const double normal = calibration_error(more, std::vector<uint8_t>(1001), 1).expected_if_calibrated;
  EXPECT_NEAR(exact * std::sqrt(1000), normal * std::sqrt(1001), 1e-3 * exact * std::sqrt(1000));
}

// The table's bias at mean confidence 0.85: 1,000 items, 15 bins of equal width .024 (debiased about 0).
TEST(Calibration, TheDebiasedErrorOfCalibratedAnswersIsAboutZero) {
  Random random(5);
  double error = 0, expected = 0, debiased = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<double> confidences;
    std::vector<uint8_t> right;
    for (int i = 0; i < 300; ++i) {
      confidences.push_back(1 - 0.6 * random.uniform() * random.uniform());
      right.push_back(random.uniform() < confidences.back());
    }
    const auto found = calibration_error(confidences, right);
    error += found.error / 200;
    expected += found.expected_if_calibrated / 200;
    debiased += found.debiased / 200;
  }
  EXPECT_NEAR(error, expected, 0.002);
  EXPECT_GT(error, 0.02);
  EXPECT_NEAR(debiased, 0, 0.0005);
}

const std::vector<double> kProbabilities = {.7, .2, .1, .1, .6, .3, .3, .3, .4, .2, .5, .3};
const std::vector<double> kLogits = {4, 1, 0, 0, 3, 2.5, 1, 2, 5, 3, 3.5, 0, .5, 0, 2, 2, 6, 1};
const std::vector<int64_t> kLabels = {0, 1, 2, 0, 2, 1};

TEST(Calibration, BrierAndLikelihoodHaveTwelveDigits) {
  const std::vector<int64_t> labels = {0, 1, 2, 0};
  EXPECT_DIGITS(brier_score(kProbabilities, 3, labels), .48);
  EXPECT_DIGITS(negative_log_likelihood(kProbabilities, 3, labels), .848307303003);
  const std::vector<double> sure = {0, 1};
  const std::vector<int64_t> zero = {0};
  EXPECT_TRUE(std::isinf(negative_log_likelihood(sure, 2, zero)));
  EXPECT_EQ(brier_score(sure, 2, zero), 2);
}

TEST(Temperature, OfSixItemsHasTwelveDigits) {
  const auto fitted = fit_temperature(kLogits, 3, kLabels);
  EXPECT_DIGITS(fitted.beta, 1.76194485841);
  EXPECT_DIGITS(fitted.temperature, .567554651455);
  EXPECT_DIGITS(fitted.before, .326694077593);
  EXPECT_DIGITS(fitted.after, .281357868869);
  EXPECT_FALSE(fitted.capped);
}

TEST(Temperature, WhereAllAreRightItIsCapped) {
  auto labels = kLabels;
  labels[3] = 1;  // the only one that was wrong
  const auto fitted = fit_temperature(kLogits, 3, labels);
  EXPECT_TRUE(fitted.capped);
  EXPECT_EQ(fitted.beta, 1000);
  EXPECT_LT(fitted.after, fitted.before);
  const auto backwards = fit_temperature(kLogits, 3, std::vector<int64_t>{2, 0, 0, 2, 1, 2});
  EXPECT_TRUE(backwards.capped);
  EXPECT_EQ(backwards.temperature, 1000);
  EXPECT_THROW(fit_temperature(kLogits, 3, std::vector<int64_t>(6, 3)), DataError);
  EXPECT_THROW(fit_temperature(kLogits, 3, std::vector<int64_t>(5)), UsageError);
}

TEST(Calibration, WhatIsNoConfidenceIsNamedByItsPlace) {
  const std::vector<double> wrong = {.5, 1.5};
  const std::vector<uint8_t> right = {1, 1};
  EXPECT_THROW(calibration_error(wrong, right), DataError);
  EXPECT_THROW(calibration_error(wrong, kRight), UsageError);
}

}  // namespace
}  // namespace graft::statistics
