#include "graft/statistics/drift.h"

#include <gtest/gtest.h>

#include <vector>

#include "graft/core/error.h"
#include "graft/core/random.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
namespace {

const std::vector<double> kLeftFeatures = {1, 0, 2, 0, 1, 1, 2, 1, 0, 3, 1, 1, 1, 2, 3, 0, 0, 1};
const std::vector<double> kRightFeatures = {1, 1, 0, 2, 2, 0, 3, 1, 0, 3, 1, 0};

TEST(Drift, AlignmentHasTwelveDigits) {
  const auto found = linear_cka(kLeftFeatures, 3, kRightFeatures, 2, 6);
  EXPECT_DIGITS(found.plain, .723756068321);
  EXPECT_DIGITS(found.debiased, .480627054445);
  const auto turned = linear_cka(kRightFeatures, 2, kLeftFeatures, 3, 6);
  EXPECT_DIGITS(turned.plain, found.plain);
  EXPECT_DIGITS(turned.debiased, found.debiased);
}

TEST(Drift, RotationScaleAndShiftDoNotCount) {
  std::vector<double> turned;
  for (size_t i = 0; i < 6; ++i) {
    const double a = kRightFeatures[2 * i], b = kRightFeatures[2 * i + 1];
    turned.push_back(3 * (0.6 * a - 0.8 * b) + 7);
    turned.push_back(3 * (0.8 * a + 0.6 * b) - 1);
  }
  EXPECT_DIGITS(linear_cka(kRightFeatures, 2, turned, 2, 6).plain, 1);
  EXPECT_DIGITS(linear_cka(kRightFeatures, 2, turned, 2, 6).debiased, 1);
  EXPECT_DIGITS(linear_cka(kLeftFeatures, 3, turned, 2, 6).plain, .723756068321);
}

// Noise of 50 items and 768 columns: plain says .939, debiased about 0. The wide way of counting, against the narrow.
TEST(Drift, WithFewItemsOnlyTheDebiasedOneTellsNoiseFromTheSame) {
  Random random(1);
  std::vector<double> x(50 * 300), y(50 * 300);
  for (double& value : x)
    value = random.normal();
  for (double& value : y)
    value = random.normal();
  const auto found = linear_cka(x, 300, y, 300, 50);
  EXPECT_GT(found.plain, 0.8);
  EXPECT_NEAR(found.debiased, 0, 0.05);
  // The same features beside columns of zeros: more columns than rows or fewer, the number is one.
  std::vector<double> wide;
  for (size_t i = 0; i < 6; ++i) {
    wide.insert(wide.end(), kLeftFeatures.begin() + static_cast<std::ptrdiff_t>(3 * i),
                kLeftFeatures.begin() + static_cast<std::ptrdiff_t>(3 * i + 3));
    wide.resize(wide.size() + 37);
  }
  EXPECT_DIGITS(linear_cka(wide, 40, kRightFeatures, 2, 6).plain, .723756068321);
  EXPECT_DIGITS(linear_cka(wide, 40, kRightFeatures, 2, 6).debiased, .480627054445);
}

TEST(Drift, WhatNeverChangesAlignsWithNothing) {
  const std::vector<double> constant(12, 0.1);
  EXPECT_THROW(linear_cka(kLeftFeatures, 3, constant, 2, 6), DataError);
  EXPECT_THROW(linear_cka(std::vector<double>(3), 1, std::vector<double>(3), 1, 3), UsageError);
}

}  // namespace
}  // namespace graft::statistics
