#include "graft/statistics/distributions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "graft/statistics/quadrature.h"
#include "graft/statistics/studentized_range.h"
#include "tests/statistics/digits.h"

namespace graft::statistics {
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

TEST(Distributions, QuantilesHaveTwelveDigits) {
  EXPECT_DIGITS(normal_quantile(0.975), 1.95996398454);
  for (const auto& [freedom, printed] : std::vector<std::pair<double, double>>{{2, 4.30265272975},
                                                                               {4, 2.7764451052},
                                                                               {5, 2.57058183564},
                                                                               {7, 2.36462425159},
                                                                               {9, 2.2621571628},
                                                                               {19, 2.09302405441},
                                                                               {29, 2.04522964213}}) {
    EXPECT_DIGITS(t_quantile(0.975, freedom), printed);
    EXPECT_DIGITS(t_cdf(t_quantile(0.3, freedom), freedom), 0.3);
    EXPECT_DIGITS(chi2_cdf(chi2_quantile(0.7, freedom), freedom), 0.7);
  }
}

TEST(Distributions, ChiSquaredOfTwoIsExponentialAndTailsAddUpToOne) {
  for (const double x : {0.01, 1.0, 5.0, 60.0})
    EXPECT_DIGITS(chi2_tail(x, 2), std::exp(-x / 2));
  for (const double freedom : {1.0, 7.0, 300.0})
    for (const double x : {0.5, 8.0, 290.0, 350.0})
      EXPECT_NEAR(chi2_cdf(x, freedom) + chi2_tail(x, freedom), 1, 1e-13);
  EXPECT_DIGITS(chi2_tail(1.96 * 1.96, 1), 2 * normal_cdf(-1.96));
}

TEST(Distributions, FisherOfOneAndFreedomIsStudentSquared) {
  for (const double t : {0.3, 1.0, 4.0})
    EXPECT_DIGITS(f_tail(t * t, 1, 9), 2 * t_tail(t, 9));
  EXPECT_EQ(f_tail(std::numeric_limits<double>::infinity(), 2, 10), 0);
  EXPECT_EQ(f_tail(0, 2, 10), 1);
}

TEST(Distributions, TheBinomialSumsToOneForManyTrials) {
  for (const int64_t n : {1, 16, 1319, 50'000}) {
    const double p = 0.46;
    double sum = 0;
    for (int64_t k = 0; k <= n; ++k)
      sum += binomial_pmf(k, n, p);
    EXPECT_NEAR(sum, 1, 1e-12) << n;
    double below = 0;
    for (int64_t k = 0; k <= n / 2; ++k)
      below += binomial_pmf(k, n, p);
    EXPECT_NEAR(binomial_cdf(n / 2, n, p), below, 1e-12) << n;
  }
  EXPECT_DIGITS(binomial_pmf(4, 16, 0.5), 1820 / 65536.0);
  EXPECT_EQ(binomial_cdf(-1, 5, 0.5), 0);
  EXPECT_EQ(binomial_pmf(0, 5, 0), 1);
}

// Demsar's table of Nemenyi's critical values, over sqrt 2.
TEST(Distributions, TheStudentisedRangeGivesTheTableOfNemenyi) {
  const std::vector<double> at5 = {1.959964, 2.343701, 2.569032, 2.727774, 2.849705, 2.948320, 3.030878,
                                   3.101730, 3.163684, 3.218654, 3.268004, 3.312739, 3.353618, 3.391230,
                                   3.426041, 3.458425, 3.488685, 3.517073, 3.543799};
  const std::vector<double> at10 = {1.644854, 2.052293, 2.291341, 2.459516, 2.588521, 2.692732, 2.779884,
                                    2.854606, 2.919889, 2.977768, 3.029694, 3.076733, 3.119693, 3.159199,
                                    3.195743, 3.229723, 3.261461, 3.291224, 3.319233};
  for (size_t i = 0; i < at5.size(); ++i) {
    const auto k = static_cast<int64_t>(i) + 2;
    EXPECT_NEAR(studentized_range_quantile(0.95, k) / std::sqrt(2.0), at5[i], 5.1e-7) << k;
    EXPECT_NEAR(studentized_range_quantile(0.90, k) / std::sqrt(2.0), at10[i], 5.1e-7) << k;
  }
  // Two values: |x - y| is normal with variance 2.
  for (const double q : {0.5, 3.0, 9.0})
    EXPECT_DIGITS(studentized_range_tail(q, 2), 2 * normal_cdf(-q / std::sqrt(2.0)));
  EXPECT_EQ(studentized_range_tail(0, 5), 1);
  EXPECT_EQ(studentized_range_tail(std::numeric_limits<double>::infinity(), 5), 0);
}

TEST(Distributions, TheQuadratureIsExactForPolynomialsOfDegree31) {
  EXPECT_DIGITS(integral([](double x) { return 32 * std::pow(x, 31); }, 0, 2, 1), std::pow(2, 32));
  EXPECT_DIGITS(integral([](double x) { return std::exp(-x); }, 0, 30), 1 - std::exp(-30.0));
}

}  // namespace
}  // namespace graft::statistics
