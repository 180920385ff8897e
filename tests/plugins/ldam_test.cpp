#include "graft/plugins/losses/ldam/ldam.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"

namespace graft::plugins {
namespace {

// n^(-1/4) of 16 and 1 are 1/2 and 1.
const LossSetting kSixteenAndOne{.classes = {"common", "rare"}, .counts = {16, 1}};
const at::Tensor kEven = torch::zeros({1, 2}, at::kDouble);

double of_label(const Loss& loss, int64_t label) {
  return loss.sum(kEven, torch::tensor({label}, at::kLong), 0).item<double>();
}

TEST(Ldam, TheRarestClassHasTheWholeMarginAndOthersLess) {
  const auto loss = make_loss("ldam:margin=0.8", kSixteenAndOne);
  EXPECT_NEAR(of_label(*loss, 0), std::log1p(std::exp(0.4)), 1e-12);
  EXPECT_NEAR(of_label(*loss, 1), std::log1p(std::exp(0.8)), 1e-12);
  EXPECT_NEAR(of_label(*make_loss("ldam:margin=0.8,scale=5", kSixteenAndOne), 1), std::log1p(std::exp(4)), 1e-12);
}

TEST(Ldam, FromAnEpochOnRareClassesWeighMoreAndTheMeanIsOverTheWeights) {
  const auto loss = make_loss("ldam:reweight-from=3,beta=0.5", kSixteenAndOne);
  const at::Tensor labels = torch::tensor({0, 1}, at::kLong);
  EXPECT_EQ(&loss->in_epoch(1), loss.get());
  const Loss& later = loss->in_epoch(2);  // the third
  EXPECT_NE(&later, loss.get());
  const double common = 1 / (2 - std::pow(0.5, 15)), scaled = 2 / (1 + common);
  EXPECT_NEAR(of_label(later, 1), scaled * of_label(*loss, 1), 1e-12);
  EXPECT_NEAR(of_label(later, 0), scaled * common * of_label(*loss, 0), 1e-12);
  EXPECT_NEAR(later.weight(labels), 2, 1e-12);
  EXPECT_EQ(loss->weight(labels), 2);
}

TEST(Ldam, AMarginThatIsNoneAClassWithoutExamplesAndUnknownCountsAreRefused) {
  for (const char* text : {"ldam:margin=-1", "ldam:scale=0", "ldam:reweight-from=-1", "ldam:beta=1"})
    EXPECT_THROW(make_loss(text, kSixteenAndOne), ConfigError) << text;
  EXPECT_THROW(make_loss("ldam", {.classes = {"a", "b"}, .counts = {1, 0}}), ConfigError);
  EXPECT_THROW(make_loss("ldam"), ConfigError);
}

}  // namespace
}  // namespace graft::plugins
