#include "graft/plugins/mixing/pairing.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

#include "graft/core/error.h"

namespace graft::plugins {
namespace {

// Beta(a, a) has mean 1/2, variance 1 / (4 (2 a + 1)) and fourth central moment 3 / (16 (2 a + 1) (2 a + 3)).
TEST(Pairing, SharesHaveTheMomentsOfTheirDistribution) {
  constexpr int kDraws = 40'000;
  for (const double alpha : {0.05, 0.2, 0.5, 1.0, 2.0, 8.0}) {
    Random random(7);
    double mean = 0, square = 0, fourth = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double x = draw_beta(alpha, random);
      ASSERT_TRUE(x >= 0 && x <= 1) << alpha;
      mean += x / kDraws;
      square += (x - 0.5) * (x - 0.5) / kDraws;
      fourth += std::pow(x - 0.5, 4) / kDraws;
    }
    const double variance = 1 / (4 * (2 * alpha + 1)), fourth_moment = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3));
    const double four_errors = 4 / std::sqrt(kDraws);
    EXPECT_NEAR(mean, 0.5, four_errors * std::sqrt(variance)) << alpha;
    EXPECT_NEAR(square, variance, four_errors * std::sqrt(fourth_moment - variance * variance)) << alpha;
    EXPECT_NEAR(fourth, fourth_moment, 0.05 * fourth_moment) << alpha;
  }
}

TEST(Pairing, ATinyAlphaGivesAllOrNothingAndAHugeOneAHalf) {
  Random random(1);
  int high = 0;
  for (int i = 0; i < 200; ++i) {
    const double x = draw_beta(1e-6, random);
    EXPECT_TRUE(x < 1e-9 || x > 1 - 1e-9) << x;
    high += x > 0.5 ? 1 : 0;
    EXPECT_NEAR(draw_beta(1e9, random), 0.5, 1e-3);
  }
  EXPECT_GT(high, 60);
  EXPECT_LT(high, 140);
}

TEST(Pairing, PartnersAreTheBatchInARandomOrderFromItsEndOrMovedOn) {
  const auto of = [](Partner partner) { return draw_partners({.partner = partner}, 5, Random(2)); };
  EXPECT_TRUE(torch::equal(of(Partner::flipped), torch::tensor({4, 3, 2, 1, 0}, at::kLong)));
  EXPECT_TRUE(torch::equal(of(Partner::rolled), torch::tensor({4, 0, 1, 2, 3}, at::kLong)));
  const at::Tensor permuted = of(Partner::permuted);
  EXPECT_FALSE(torch::equal(permuted, torch::arange(5)));
  EXPECT_TRUE(torch::equal(std::get<0>(permuted.sort()), torch::arange(5)));
  EXPECT_TRUE(torch::equal(draw_partners({}, 1, Random(2)), torch::zeros({1}, at::kLong)));
}

TEST(Pairing, WhatIsNoDistributionOrNoChanceIsRefused) {
  for (const double alpha : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()})
    EXPECT_THROW(check_pairing("mixup", {.alpha = alpha}), ConfigError) << alpha;
  for (const double prob : {-0.1, 1.1, std::nan("")})
    EXPECT_THROW(check_pairing("mixup", {.prob = prob}), ConfigError) << prob;
  check_pairing("mixup", {.alpha = 1e-3, .prob = 1});
}

}  // namespace
}  // namespace graft::plugins
