#include "graft/plugins/losses/class_balanced/class_balanced.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"

namespace graft::plugins {
namespace {

// beta 0.5: effective numbers 1.75 and 1, weights 8/11 and 14/11.
const LossSetting kThreeAndOne{.classes = {"common", "rare"}, .counts = {3, 1}};
const at::Tensor kEvenPair = torch::zeros({2, 2}, at::kDouble);
const at::Tensor kOneEach = torch::tensor({0, 1}, at::kLong);

TEST(ClassBalanced, WeighsEachLabelByItsClassAndDividesByTheExamples) {
  const auto loss = make_loss("class-balanced:beta=0.5", kThreeAndOne);
  EXPECT_NEAR(loss->sum(kEvenPair, kOneEach.narrow(0, 0, 1), 0).item<double>(), 8.0 / 11 * std::log(2), 1e-12);
  EXPECT_NEAR(loss->sum(kEvenPair, kOneEach, 0).item<double>(), 2 * std::log(2), 1e-12);
  EXPECT_EQ(loss->weight(kOneEach), 2);
}

TEST(ClassBalanced, OverASigmoidAClassALabelWeighsInAllItsAnswers) {
  const auto loss = make_loss("class-balanced:beta=0.5,form=sigmoid,gamma=1", kThreeAndOne);
  EXPECT_NEAR(loss->sum(kEvenPair.narrow(0, 0, 1), kOneEach.narrow(0, 1, 1), 0).item<double>(),
              14.0 / 11 * 2 * 0.5 * std::log(2), 1e-12);
}

TEST(ClassBalanced, ABetaOfOneAndAClassWithoutExamplesAreRefused) {
  EXPECT_THROW(make_loss("class-balanced:beta=1", kThreeAndOne), ConfigError);
  EXPECT_THROW(make_loss("class-balanced:gamma=-1", kThreeAndOne), ConfigError);
  EXPECT_THROW(make_loss("class-balanced", {.classes = {"a", "b"}, .counts = {0, 2}}), ConfigError);
}

}  // namespace
}  // namespace graft::plugins
