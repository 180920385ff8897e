#include "graft/statistics/students.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "graft/core/error.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
namespace {

const std::vector<double> kFirst = {.742, .751, .738, .760, .747, .755}, kSecond = {.731, .745, .740, .741, .739, .748};

TEST(Students, TheIntervalOfAMeanIsStudents) {
  const std::vector<double> values = {1, 2, 3, 4, 5};  // mean 3, deviation sqrt(2.5)
  const auto summary = summarise(values);
  EXPECT_DOUBLE_EQ(summary.mean, 3);
  EXPECT_NEAR(summary.deviation, std::sqrt(2.5), 1e-12);
  const double half = 2.7764451 * std::sqrt(2.5 / 5);  // t(0.975, 4)
  EXPECT_NEAR(summary.interval.low, 3 - half, 1e-6);
  EXPECT_NEAR(summary.interval.high, 3 + half, 1e-6);
}

TEST(Students, OneValueHasNoInterval) {
  const std::vector<double> values = {0.7};
  EXPECT_TRUE(std::isinf(summarise(values).interval.high));
  const auto test = paired_t(values);
  EXPECT_FALSE(test.t || test.p || test.identical);
  EXPECT_TRUE(std::isinf(test.interval.low));
}

TEST(Students, PairsHaveTwelveDigits) {
  const auto test = paired_t(kSix);
  EXPECT_DIGITS(test.mean, .00816666666667);
  EXPECT_DIGITS(summarise(kSix).deviation, .00685322308601);
  EXPECT_DIGITS(*test.t, 2.91894280715);
  EXPECT_DIGITS(*test.p, .0330543132536);
  EXPECT_DIGITS(test.interval.low, .000974650112046);
  EXPECT_DIGITS(test.interval.high, .0153586832213);
  const auto at90 = paired_t(kSix, 0.9);
  EXPECT_DIGITS(at90.interval.low, .00252893085975);
  EXPECT_DIGITS(at90.interval.high, .0138044024736);
  const auto whole = twenty_four();
  const auto many = paired_t(std::vector<double>(whole.begin(), whole.end()));
  EXPECT_DIGITS(*many.t, 1.77804031385);
  EXPECT_DIGITS(*many.p, .0886223135008);
}

TEST(Students, TheSameNumbersWithoutPairsSayLess) {
  const auto test = welch_t(kFirst, kSecond);
  EXPECT_DIGITS(*test.t, 1.99213328905);
  EXPECT_DIGITS(test.freedom, 9.02724601778);
  EXPECT_DIGITS(*test.p, .0774337883389);
  EXPECT_DIGITS(test.interval.low, -.00110268665975);
  EXPECT_DIGITS(test.interval.high, .0174360199931);
}

TEST(Students, IdenticalDifferencesAreSaidAndNotDivided) {
  const std::vector<double> first = {.742, .751, .738}, second = {.731, .740, .727};  // .011 each, but for rounding
  std::vector<double> differences;
  for (size_t i = 0; i < 3; ++i)
    differences.push_back(first[i] - second[i]);
  const auto test = paired_t(differences);
  EXPECT_TRUE(test.identical);
  EXPECT_FALSE(test.t || test.p);
  EXPECT_EQ(test.interval.low, test.mean);
  const std::vector<double> zeros(4);
  EXPECT_TRUE(paired_t(zeros).identical);
  EXPECT_TRUE(welch_t(zeros, zeros).identical);
}

TEST(Students, ANumberThatIsNoneIsNamedByItsPlace) {
  const std::vector<double> values = {1, std::nan(""), 2};
  try {
    paired_t(values);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("value 2 of 3 is nan: expected a finite number"), std::string::npos)
        << error.what();
  }
  EXPECT_THROW(paired_t({}), UsageError);
  EXPECT_THROW(paired_t(kSix, 1.0), UsageError);
  EXPECT_THROW(welch_t(kSix, std::vector<double>{1}), UsageError);
}

}  // namespace
}  // namespace graft::statistics
