// What every loss promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <limits>

#include "graft/core/error.h"
#include "graft/plugins/losses/loss.h"
#include "tests/support/gradient_check.h"

namespace graft::plugins {
namespace {

class LossContract : public ::testing::TestWithParam<const LossEntry*> {
 protected:
  std::unique_ptr<Loss> loss_ = GetParam()->parse({});
  at::Tensor logits_ =
      torch::tensor({{2.0, -1.0, 0.5}, {0.1, 0.3, -4.0}, {1.0, 1.5, 0.2}, {-2.0, 0.0, 3.0}}, at::kDouble);
  at::Tensor labels_ = torch::tensor({0, 2, 1, 2}, at::kLong);
};

TEST_P(LossContract, ItsGradientIsThatOfDifferences) {
  for (const double smoothing : {0.0, 0.1}) {
    const at::Tensor logits = logits_.clone().requires_grad_();
    graft::testing::expect_gradients_of_differences([&] { return loss_->sum(logits, labels_, smoothing); }, {logits});
  }
}

TEST_P(LossContract, SumsOfPartsMakeTheWhole) {
  const at::Tensor whole = loss_->sum(logits_, labels_, 0.1);
  at::Tensor parts = torch::zeros({}, at::kDouble);
  for (int64_t i = 0; i < labels_.size(0); ++i) {
    parts += loss_->sum(logits_.narrow(0, i, 1), labels_.narrow(0, i, 1), 0.1);
  }
  EXPECT_EQ(whole.dim(), 0);
  EXPECT_NEAR(whole.item<double>(), parts.item<double>(), 1e-12);
}

TEST_P(LossContract, IsSmallWhereTheLabelIsCertainAndFiniteWhereItIsNot) {
  const at::Tensor label = torch::tensor({0}, at::kLong);
  const at::Tensor right = torch::tensor({{60.0f, -60.0f}}).requires_grad_();
  const at::Tensor wrong = torch::tensor({{-60.0f, 60.0f}}).requires_grad_();
  const auto small = loss_->sum(right, label, 0), large = loss_->sum(wrong, label, 0);
  EXPECT_LT(small.item<double>(), 1e-6);
  EXPECT_GT(large.item<double>(), 1.0);
  small.backward();
  large.backward();
  EXPECT_TRUE(right.grad().isfinite().all().item<bool>());
  EXPECT_TRUE(wrong.grad().isfinite().all().item<bool>());
}

TEST_P(LossContract, IsMadeByItsNameAndRefusesOthersOptions) {
  const std::string name = GetParam()->name;
  EXPECT_EQ(make_loss(name)->sum(logits_, labels_, 0).item<double>(), loss_->sum(logits_, labels_, 0).item<double>());
  EXPECT_THROW(make_loss(name + ":of-no-loss=1"), ConfigError);
  EXPECT_THROW(make_loss(name + ":"
                                "=1"),
               ConfigError);
}

INSTANTIATE_TEST_SUITE_P(Losses, LossContract, ::testing::ValuesIn(losses()), [](const auto& info) {
  std::string name = info.param->name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Losses, AMisspeltNameIsToldTheNearest) {
  try {
    make_loss("fokal");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("Did you mean 'focal'?"));
  }
}

}  // namespace
}  // namespace graft::plugins
