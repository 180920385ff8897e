#include "graft/statistics/proportions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "graft/core/error.h"
#include "graft/statistics/distributions.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
namespace {

TEST(Proportions, WilsonAndClopperPearsonHaveTwelveDigits) {
  EXPECT_DIGITS(wilson_interval(7, 50).low, .0695083342702);
  EXPECT_DIGITS(wilson_interval(7, 50).high, .261861937106);
  EXPECT_DIGITS(clopper_pearson(7, 50).low, .0581917003404);  // SciPy stops its search at ..03400
  EXPECT_DIGITS(clopper_pearson(7, 50).high, .267396002497);
  EXPECT_EQ(wilson_interval(0, 20).low, 0);
  EXPECT_DIGITS(wilson_interval(0, 20).high, .161125158053);
  EXPECT_EQ(clopper_pearson(0, 20).low, 0);
  EXPECT_DIGITS(clopper_pearson(0, 20).high, .168433470983);
  EXPECT_DIGITS(wilson_interval(1, 1).low, .206549314377);
  EXPECT_DIGITS(clopper_pearson(1, 1).low, .025);
  EXPECT_EQ(clopper_pearson(1, 1).high, 1);
  EXPECT_DIGITS(wilson_interval(618, 1319).low, .441737249385);
  EXPECT_DIGITS(wilson_interval(618, 1319).high, .495519026153);
  EXPECT_DIGITS(clopper_pearson(618, 1319).low, .441323550935);
  EXPECT_DIGITS(clopper_pearson(618, 1319).high, .495890476015);
  EXPECT_EQ(clopper_pearson(0, 0).high, 1);
  EXPECT_THROW(clopper_pearson(3, 2), UsageError);
}

// Over all counts of n items, weighted by their probability.
template <class Method>
double covered(int64_t n, double p, const Method& interval) {
  double sum = 0;
  for (int64_t k = 0; k <= n; ++k) {
    const auto found = interval(k, n);
    if (found.low <= p && p <= found.high) sum += binomial_pmf(k, n, p);
  }
  return sum;
}

TEST(Proportions, CoverWhatTheyClaimCountedExactly) {
  const auto wilson = [](int64_t k, int64_t n) { return wilson_interval(k, n); };
  const auto exact = [](int64_t k, int64_t n) { return clopper_pearson(k, n); };
  EXPECT_NEAR(covered(100, 0.95, wilson), .966, 5e-4);
  EXPECT_NEAR(covered(100, 0.95, exact), .983, 5e-4);
  EXPECT_NEAR(covered(1000, 0.95, wilson), .950, 5e-4);
  EXPECT_NEAR(covered(1000, 0.95, exact), .958, 5e-4);
  for (const double p : {0.02, 0.3, 0.5, 0.77})
    EXPECT_GE(covered(60, p, exact), 0.95) << p;
}

TEST(Proportions, McNemarHasTwelveDigits) {
  EXPECT_DIGITS(mcnemar(12, 4).exact, .0768127441406);
  EXPECT_DIGITS(mcnemar(12, 4).mid_p, .0490417480469);
  EXPECT_DIGITS(mcnemar(41, 25).exact, .0640175041372);
  EXPECT_DIGITS(mcnemar(41, 25).mid_p, .0498001142947);
  EXPECT_DIGITS(mcnemar(25, 41).mid_p, .0498001142947);
  EXPECT_DIGITS(mcnemar(6, 0).mid_p, .015625);
  EXPECT_DIGITS(mcnemar(6, 0).exact, .03125);
  EXPECT_DIGITS(mcnemar(5, 0).mid_p, .03125);
  EXPECT_EQ(mcnemar(3, 3).mid_p, 1);
  EXPECT_EQ(mcnemar(3, 3).exact, 1);
  EXPECT_EQ(mcnemar(0, 0).exact, 1);
  EXPECT_EQ(mcnemar(0, 0).mid_p, 1);
  // The chi-squared forms of the books, which are not offered, from the same distributions.
  EXPECT_DIGITS(chi2_tail(64 / 16.0, 1), .0455002638964);
  EXPECT_DIGITS(chi2_tail(49 / 16.0, 1), .0801183137276);
  EXPECT_THROW(mcnemar(-1, 2), UsageError);
}

TEST(Proportions, BonettAndPriceDoNotExcludeZeroWhereWaldDoes) {
  const auto interval = bonett_price(12, 4, 200);
  EXPECT_DIGITS(interval.low, -.0011975990223);
  EXPECT_DIGITS(interval.high, .0804055198144);
  EXPECT_THROW(bonett_price(12, 4, 15), UsageError);
}

// By hand: shares 1/2 and 3/3; variances at 2/4 and 4/5: 0.25 / 2 and 0.16 / 3.
TEST(Proportions, TheMeanShareOfClassesHasAnIntervalFromTheirOwnVariances) {
  const std::vector<Share> classes{{1, 2}, {3, 3}, {0, 0}};
  const auto interval = mean_share_interval(classes);
  const double half = 1.959963984540054 * std::sqrt(0.25 / 2 + 0.16 / 3) / 2;
  EXPECT_NEAR(interval.low, 0.75 - half, 1e-9);
  EXPECT_EQ(interval.high, 1);
  EXPECT_EQ(mean_share_interval({}).high, 1);
}

}  // namespace
}  // namespace graft::statistics
