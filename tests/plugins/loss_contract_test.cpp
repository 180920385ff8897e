// What every loss of classes promises; those of pairs ask each photo of the others' texts too, and have tests of their
// own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/plugins/losses/loss.h"
#include "tests/support/gradient_check.h"

namespace graft::plugins {
namespace {

class LossContract : public ::testing::TestWithParam<const LossEntry*> {
 protected:
  static LossSetting setting(std::vector<int64_t> counts) {
    LossSetting setting{.counts = std::move(counts)};
    for (size_t c = 0; c < setting.counts.size(); ++c)
      setting.classes.push_back(std::to_string(c));
    return setting;
  }
  // Of shares: a label of its own, a mixed one, a smoothed one, and one that two classes share.
  std::unique_ptr<Loss> loss_ = GetParam()->parse({}, setting({50, 7, 2}));
  at::Tensor logits_ =
      torch::tensor({{2.0, -1.0, 0.5}, {0.1, 0.3, -4.0}, {1.0, 1.5, 0.2}, {-2.0, 0.0, 3.0}}, at::kDouble);
  at::Tensor labels_ = torch::tensor({0, 2, 1, 2}, at::kLong);
  at::Tensor shares_ =
      torch::tensor({{1.0, 0.0, 0.0}, {0.75, 0.0, 0.25}, {0.1, 0.8, 0.1}, {0.0, 0.5, 0.5}}, at::kDouble);
};

TEST_P(LossContract, ItsGradientIsThatOfDifferences) {
  for (const at::Tensor& labels : {labels_, shares_}) {
    for (const double smoothing : {0.0, 0.1}) {
      const at::Tensor logits = logits_.clone().requires_grad_();
      graft::testing::expect_gradients_of_differences([&] { return loss_->sum(logits, labels, smoothing); }, {logits});
    }
  }
}

TEST_P(LossContract, SumsOfPartsMakeTheWhole) {
  for (const at::Tensor& labels : {labels_, shares_}) {
    const at::Tensor whole = loss_->sum(logits_, labels, 0.1);
    at::Tensor parts = torch::zeros({}, at::kDouble);
    double weights = 0;
    for (int64_t i = 0; i < labels.size(0); ++i) {
      parts += loss_->sum(logits_.narrow(0, i, 1), labels.narrow(0, i, 1), 0.1);
      weights += loss_->weight(labels.narrow(0, i, 1));
    }
    EXPECT_EQ(whole.dim(), 0);
    EXPECT_NEAR(whole.item<double>(), parts.item<double>(), 1e-12);
    EXPECT_NEAR(loss_->weight(labels), weights, 1e-12);
    EXPECT_GT(weights, 0);
  }
}

TEST_P(LossContract, SharesAddWhatEachLabelWouldCostByItself) {
  const auto of_one = [&](int64_t i, int64_t label) {
    return loss_->sum(logits_.narrow(0, i, 1), torch::tensor({label}, at::kLong), 0).item<double>();
  };
  const at::Tensor each = loss_->of_labels(logits_);
  double sum = 0;
  for (int64_t i = 0; i < logits_.size(0); ++i) {
    for (int64_t c = 0; c < logits_.size(1); ++c) {
      EXPECT_NEAR(each[i][c].item<double>(), of_one(i, c), 1e-12);
      sum += shares_[i][c].item<double>() * of_one(i, c);
    }
  }
  EXPECT_NEAR(loss_->sum(logits_, shares_, 0).item<double>(), sum, 1e-12);
  // A label that is smoothed is a label that is shared.
  const at::Tensor spread = shares_of(labels_, logits_, 0.3);
  EXPECT_NEAR(loss_->sum(logits_, labels_, 0.3).item<double>(), loss_->sum(logits_, spread, 0).item<double>(), 1e-12);
}

TEST_P(LossContract, TakesSharesInFloat32AsMixingGivesThem) {
  EXPECT_NEAR(loss_->sum(logits_.to(at::kFloat), shares_.to(at::kFloat), 0.1).item<double>(),
              loss_->sum(logits_, shares_, 0.1).item<double>(), 1e-4);
  EXPECT_NEAR(loss_->weight(shares_.to(at::kFloat)), loss_->weight(shares_), 1e-5);
}

TEST_P(LossContract, IsSmallWhereTheLabelIsCertainAndFiniteWhereItIsNot) {
  const auto loss = GetParam()->parse({}, setting({3, 1}));
  const at::Tensor label = torch::tensor({0}, at::kLong);
  const at::Tensor right = torch::tensor({{60.0f, -60.0f}}).requires_grad_();
  const at::Tensor wrong = torch::tensor({{-60.0f, 60.0f}}).requires_grad_();
  const auto small = loss->sum(right, label, 0), large = loss->sum(wrong, label, 0);
  EXPECT_LT(small.item<double>(), 1e-6);
  EXPECT_GT(large.item<double>(), 1.0);
  small.backward();
  large.backward();
  EXPECT_TRUE(right.grad().isfinite().all().item<bool>());
  EXPECT_TRUE(wrong.grad().isfinite().all().item<bool>());
}

// Logits of ten thousand, all alike, and of either sign; in the types that a head may answer in.
TEST_P(LossContract, IsFiniteWithItsGradientForLogitsOfAnySize) {
  const at::Tensor sizes = torch::tensor({{1e4, -1e4, 0.0}, {-1e4, 1e4, 1e4}, {1e4, 1e4, 1e4}, {1e-30, 0.0, -1e-30}});
  for (const auto type : {at::kFloat, at::kDouble, at::kBFloat16}) {
    for (const at::Tensor& labels : {labels_, shares_}) {
      const at::Tensor logits = sizes.to(type, false, /*copy=*/true).requires_grad_();
      const at::Tensor sum = loss_->sum(logits, labels, 0.1);
      sum.backward();
      EXPECT_TRUE(sum.isfinite().item<bool>()) << type;
      EXPECT_TRUE(logits.grad().isfinite().all().item<bool>()) << type << logits.grad();
    }
  }
}

TEST_P(LossContract, IsMadeByItsNameAndRefusesOthersOptions) {
  const std::string name = GetParam()->name;
  const auto three = setting({50, 7, 2});
  EXPECT_EQ(make_loss(name, three)->sum(logits_, labels_, 0).item<double>(),
            loss_->sum(logits_, labels_, 0).item<double>());
  EXPECT_THROW(make_loss(name + ":of-no-loss=1", three), ConfigError);
  EXPECT_THROW(make_loss(name + ":=1", three), ConfigError);
  EXPECT_THROW(make_loss(name + ":word", three), ConfigError);
}

// Every number that an option has may be none at all.
TEST_P(LossContract, RefusesNumbersThatAreNone) {
  std::string before = GetParam()->name;
  const auto options = GetParam()->options();
  before += std::ranges::any_of(options, [](const auto& info) { return info.name == "form"; }) ? ":form=sigmoid," : ":";
  for (const auto& info : options) {
    if (info.type != "number") continue;
    for (const char* none : {"nan", "inf", "x"}) {
      EXPECT_THROW(make_loss(before + info.name + "=" + none, setting({3, 1})), ConfigError)
          << info.name << " " << none;
    }
  }
}

std::vector<const LossEntry*> of_classes() {
  auto all = losses();
  std::erase_if(all, [](const LossEntry* entry) {
    return !entry->parse({}, {.classes = {"a", "b"}, .counts = {3, 1}})->serves(data::Target::label);
  });
  return all;
}
INSTANTIATE_TEST_SUITE_P(Losses, LossContract, ::testing::ValuesIn(of_classes()), [](const auto& info) {
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

TEST(Losses, AValueMayHaveCommas) {
  const LossSetting setting{.classes = {"a", "b", "c"}};
  const at::Tensor logits = torch::zeros({1, 3}, at::kDouble), label = torch::tensor({1}, at::kLong);
  const auto loss = make_loss("focal:weights=1,2,3,gamma=0", setting);
  EXPECT_NEAR(loss->sum(logits, label, 0).item<double>(), 2 * std::log(3), 1e-12);
}

}  // namespace
}  // namespace graft::plugins
