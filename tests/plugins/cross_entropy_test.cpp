#include "graft/plugins/losses/cross_entropy/cross_entropy.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

namespace graft::plugins {
namespace {

TEST(CrossEntropy, IsMinusTheLogOfTheLabelsShare) {
  const at::Tensor logits =
      torch::tensor({{std::log(1.0), std::log(3.0)}, {std::log(2.0), std::log(2.0)}}, at::kDouble);
  const at::Tensor labels = torch::tensor({1, 0}, at::kLong);
  const auto loss = make_loss("cross-entropy");
  EXPECT_NEAR(loss->sum(logits, labels, 0).item<double>(), -std::log(0.75) - std::log(0.5), 1e-12);
  // A fifth of each label lies on the classes, a tenth on each.
  const double smoothed = -0.9 * std::log(0.75) - 0.1 * std::log(0.25) - std::log(0.5);
  EXPECT_NEAR(loss->sum(logits, labels, 0.2).item<double>(), smoothed, 1e-12);
}

TEST(CrossEntropy, ClassesMayWeighMoreAndTheMeanIsOverTheirWeights) {
  const at::Tensor logits = torch::zeros({3, 2}, at::kDouble), labels = torch::tensor({0, 0, 1}, at::kLong);
  const LossSetting setting{.classes = {"a", "b"}, .counts = {2, 1}};
  const auto loss = make_loss("cross-entropy:weights=1,4", setting);
  EXPECT_NEAR(loss->sum(logits, labels, 0).item<double>(), 6 * std::log(2), 1e-12);
  EXPECT_EQ(loss->weight(labels), 6);
  EXPECT_EQ(make_loss("cross-entropy:normaliser=examples,weights=1,4", setting)->weight(labels), 3);
  // n / (C n_c): 0.75 and 1.5.
  EXPECT_NEAR(make_loss("cross-entropy:weights=balanced", setting)->weight(labels), 3, 1e-12);
}

}  // namespace
}  // namespace graft::plugins
