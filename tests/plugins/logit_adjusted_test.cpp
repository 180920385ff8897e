#include "graft/plugins/losses/logit_adjusted/logit_adjusted.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"

namespace graft::plugins {
namespace {

const LossSetting kCommonAndRare{.classes = {"common", "rare"}, .counts = {3, 1}};

TEST(LogitAdjusted, OfLogitsThatSayNothingTheClassesSharesAreLeft) {
  const at::Tensor logits = torch::zeros({1, 2}, at::kDouble), rare = torch::tensor({1}, at::kLong);
  EXPECT_NEAR(make_loss("logit-adjusted", kCommonAndRare)->sum(logits, rare, 0).item<double>(), std::log(4), 1e-12);
  EXPECT_NEAR(make_loss("logit-adjusted:tau=2", kCommonAndRare)->sum(logits, rare, 0).item<double>(), std::log(10),
              1e-12);
}

TEST(LogitAdjusted, WithoutTauOrWithClassesOfOneSizeItIsCrossEntropy) {
  const at::Tensor logits = torch::tensor({{0.5, -1.0}, {2.0, 0.25}}, at::kDouble);
  const at::Tensor labels = torch::tensor({1, 0}, at::kLong);
  const double plain = make_loss("cross-entropy")->sum(logits, labels, 0.1).item<double>();
  EXPECT_NEAR(make_loss("logit-adjusted:tau=0", kCommonAndRare)->sum(logits, labels, 0.1).item<double>(), plain, 1e-12);
  const LossSetting even{.classes = {"a", "b"}, .counts = {5, 5}};
  EXPECT_NEAR(make_loss("logit-adjusted", even)->sum(logits, labels, 0.1).item<double>(), plain, 1e-12);
}

TEST(LogitAdjusted, AClassWithoutExamplesHasNoShareAndIsRefused) {
  EXPECT_THROW(make_loss("logit-adjusted", {.classes = {"a", "b"}, .counts = {1, 0}}), ConfigError);
  EXPECT_THROW(make_loss("logit-adjusted:tau=-1", kCommonAndRare), ConfigError);
}

}  // namespace
}  // namespace graft::plugins
