#include "graft/plugins/losses/group_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <random>
#include <vector>

#include "graft/core/error.h"

namespace graft::plugins {
namespace {

std::vector<double> numbers_of(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<double>(), tensor.const_data_ptr<double>() + tensor.numel()};
}

// The paper's lines as they stand: q'_g = q_g exp(eta l_g), then q = q' / sum q'.
TEST(GroupWeights, FollowTheLossesAsAlgorithm1Says) {
  std::mt19937 draw(7);
  std::uniform_real_distribution<double> loss(0, 3);
  for (const double eta : {0.01, 0.5}) {
    GroupWeights weights(4, eta);
    std::vector<double> q(4, 0.25);
    for (int step = 0; step < 100; ++step) {
      std::vector<double> losses;
      for (int g = 0; g < 4; ++g)
        losses.push_back(step % 3 == 0 && g == 2 ? 0 : loss(draw));  // a batch without the group
      weights.follow(torch::tensor(losses, at::kDouble));
      double sum = 0;
      for (size_t g = 0; g < 4; ++g)
        sum += q[g] *= std::exp(eta * losses[g]);
      for (auto& one : q)
        one /= sum;
      const auto found = numbers_of(weights.weights());
      for (size_t g = 0; g < 4; ++g)
        ASSERT_NEAR(found[g], q[g], 1e-14) << step;
    }
  }
}

// Worked by hand: eta 1, losses log 2, log 3 and 0 of three groups: 2, 3 and 1 of 6.
TEST(GroupWeights, OneStepByHand) {
  GroupWeights weights(3, 1);
  EXPECT_THAT(numbers_of(weights.weights()), ::testing::Each(1.0 / 3));
  weights.follow(torch::tensor({std::log(2.0), std::log(3.0), 0.0}, at::kDouble));
  EXPECT_THAT(numbers_of(weights.weights()),
              ::testing::ElementsAre(::testing::DoubleNear(2.0 / 6, 1e-15), ::testing::DoubleNear(3.0 / 6, 1e-15),
                                     ::testing::DoubleNear(1.0 / 6, 1e-15)));
}

TEST(GroupWeights, ALossThatNoExponentialHoldsTakesItAll) {
  GroupWeights weights(2, 10);
  weights.follow(torch::tensor({1e4, 1.0}, at::kDouble));
  EXPECT_THAT(numbers_of(weights.weights()), ::testing::ElementsAre(1, 0));
}

TEST(GroupWeights, AreRefusedForNoGroupsAndNoStep) {
  EXPECT_THAT([] { GroupWeights(2, 0); },
              ::testing::ThrowsMessage<ConfigError>(::testing::HasSubstr("--group-dro 0: expected a number above 0.")));
  EXPECT_THAT([] { GroupWeights(0, 0.1); }, ::testing::ThrowsMessage<ConfigError>(::testing::HasSubstr("no groups")));
}

}  // namespace
}  // namespace graft::plugins
