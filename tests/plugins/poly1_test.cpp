#include "graft/plugins/losses/poly1/poly1.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"

namespace graft::plugins {
namespace {

const at::Tensor kThreeToOne = torch::tensor({{std::log(1.0), std::log(3.0)}}, at::kDouble);
const at::Tensor kLikelier = torch::tensor({1}, at::kLong);

TEST(Poly1, AddsEpsilonTimesWhatTheLabelLacks) {
  EXPECT_NEAR(make_loss("poly1:epsilon=2")->sum(kThreeToOne, kLikelier, 0).item<double>(), -std::log(0.75) + 2 * 0.25,
              1e-12);
  EXPECT_NEAR(make_loss("poly1:epsilon=2,gamma=1")->sum(kThreeToOne, kLikelier, 0).item<double>(),
              -0.25 * std::log(0.75) + 2 * 0.0625, 1e-12);
}

TEST(Poly1, WithoutEpsilonItIsTheLossThatItChanges) {
  for (const char* gamma : {"0", "0.5", "2"}) {
    const auto poly = make_loss(std::string("poly1:epsilon=0,gamma=") + gamma);
    const auto focal = make_loss(std::string("focal:gamma=") + gamma);
    EXPECT_NEAR(poly->sum(kThreeToOne, kLikelier, 0.2).item<double>(),
                focal->sum(kThreeToOne, kLikelier, 0.2).item<double>(), 1e-12);
  }
}

TEST(Poly1, ALossThatWouldRewardMistakesIsRefused) {
  EXPECT_THROW(make_loss("poly1:epsilon=-1.5"), ConfigError);
  EXPECT_THROW(make_loss("poly1:gamma=-1"), ConfigError);
}

}  // namespace
}  // namespace graft::plugins
