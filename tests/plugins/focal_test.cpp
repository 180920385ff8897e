#include "graft/plugins/losses/focal/focal.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"

namespace graft::plugins {
namespace {

const at::Tensor kLogits = torch::tensor({{std::log(1.0), std::log(3.0)}}, at::kDouble);
const at::Tensor kLabels = torch::tensor({1}, at::kLong);

TEST(Focal, WeighsByHowFarTheLabelIsFromCertain) {
  EXPECT_NEAR(make_loss("focal")->sum(kLogits, kLabels, 0).item<double>(), -0.0625 * std::log(0.75), 1e-12);
  EXPECT_NEAR(make_loss("focal:gamma=1")->sum(kLogits, kLabels, 0).item<double>(), -0.25 * std::log(0.75), 1e-12);
}

TEST(Focal, WithoutGammaItIsCrossEntropy) {
  const auto focal = make_loss("focal:gamma=0"), plain = make_loss("cross-entropy");
  for (const double smoothing : {0.0, 0.3}) {
    EXPECT_NEAR(focal->sum(kLogits, kLabels, smoothing).item<double>(),
                plain->sum(kLogits, kLabels, smoothing).item<double>(), 1e-12);
  }
}

TEST(Focal, OverASigmoidEachClassIsAskedByItself) {
  const at::Tensor logits = torch::zeros({2, 3}, at::kDouble);
  const at::Tensor truth = torch::tensor({{1.0F, 1.0F, 0.0F}, {0.0F, 0.0F, 0.0F}});
  const LossSetting several{.target = data::Target::labels, .classes = {"a", "b", "c"}};
  const auto loss = make_loss("focal:form=sigmoid,gamma=1", several);  // alpha 0.25
  EXPECT_NEAR(loss->sum(logits, truth, 0).item<double>(), (2 * 0.25 + 4 * 0.75) * 0.5 * std::log(2), 1e-12);
  EXPECT_EQ(loss->weight(truth), 2);  // RetinaNet's: the positives
  EXPECT_EQ(make_loss("focal:form=sigmoid,normaliser=examples", several)->weight(truth), 6);
  EXPECT_TRUE(loss->serves(data::Target::labels));
  EXPECT_FALSE(loss->serves(data::Target::value));
  EXPECT_FALSE(make_loss("focal")->serves(data::Target::labels));
}

// 1 - p is 0 in float32 there, and the slope of its square root has no bound.
TEST(Focal, AGammaBelowOneHasAGradientWhereTheLabelIsCertain) {
  const at::Tensor logits = torch::tensor({{60.0F, -60.0F}}).requires_grad_();
  make_loss("focal:gamma=0.5")->sum(logits, torch::tensor({0}, at::kLong), 0).backward();
  EXPECT_TRUE(logits.grad().isfinite().all().item<bool>());
}

TEST(Focal, WhatItsFormDoesNotAskIsRefused) {
  const LossSetting several{.target = data::Target::labels, .classes = {"a", "b"}};
  EXPECT_THROW(make_loss("focal:gamma=-1"), ConfigError);
  EXPECT_THROW(make_loss("focal:alpha=0.5"), ConfigError);
  EXPECT_THROW(make_loss("focal:form=sigmoid,alpha=1.5"), ConfigError);
  EXPECT_THROW(make_loss("focal:form=sigmoid,weights=1,2", several), ConfigError);
  EXPECT_THROW(make_loss("focal:normaliser=all"), ConfigError);
}

}  // namespace
}  // namespace graft::plugins
