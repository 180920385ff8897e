#include "graft/nn/batch_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "tests/support/gradient_check.h"

namespace graft::nn {
namespace {

constexpr double kEps = 1e-5;

class BatchNormTest : public ::testing::Test {
 protected:
  BatchNormTest() { torch::manual_seed(4); }

  at::Tensor weight_ = torch::rand({3}, at::kDouble) + 0.5, bias_ = torch::randn({3}, at::kDouble);
  at::Tensor mean_ = torch::randn({3}, at::kDouble), variance_ = torch::rand({3}, at::kDouble) + 0.5;
  BatchNorm norm_{weight_, bias_, mean_, variance_, kEps};
  at::Tensor x_ = 2 * torch::randn({4, 3, 5, 2}, at::kDouble) + 1;

  static at::Tensor on_channels(const at::Tensor& c) { return c.view({1, 3, 1, 1}); }
};

TEST_F(BatchNormTest, GoesByWhatWasGatheredUnlessAskedAndTraining) {
  const auto expected =
      (x_ - on_channels(mean_)) / (on_channels(variance_) + kEps).sqrt() * on_channels(weight_) + on_channels(bias_);
  const auto mean = mean_.clone();
  const Context step{.training = true, .gathers = true};
  EXPECT_TRUE(at::allclose(norm_.forward(x_, step), expected, 1e-12, 1e-12));
  norm_.go_by_batch(true);
  EXPECT_TRUE(at::allclose(norm_.forward(x_, {}), expected, 1e-12, 1e-12));
  EXPECT_TRUE(at::equal(mean_, mean));
}

// PyTorch's: nine tenths of what there was and a tenth of the batch's mean and unbiased variance.
TEST_F(BatchNormTest, GathersATenthOfEachBatchThatCounts) {
  norm_.go_by_batch(true);
  const auto mean = x_.mean({0, 2, 3}), variance = x_.var({0, 2, 3}, /*unbiased=*/false);
  const auto normed = (x_ - on_channels(mean)) / (on_channels(variance) + kEps).sqrt();
  const auto mean_then = (0.9 * mean_ + 0.1 * mean).clone();
  const auto variance_then = (0.9 * variance_ + 0.1 * x_.var({0, 2, 3}, /*unbiased=*/true)).clone();
  const auto followed = norm_.forward(x_, {.training = true});
  EXPECT_FALSE(at::allclose(mean_, mean_then));
  const auto counted = norm_.forward(x_, {.training = true, .gathers = true});
  EXPECT_TRUE(at::equal(followed, counted));
  EXPECT_TRUE(at::allclose(counted, normed * on_channels(weight_) + on_channels(bias_), 1e-12, 1e-12));
  EXPECT_TRUE(at::allclose(mean_, mean_then, 1e-12, 1e-12));
  EXPECT_TRUE(at::allclose(variance_, variance_then, 1e-12, 1e-12));
}

TEST_F(BatchNormTest, ItsGradientsAreThoseOfDifferences) {
  norm_.go_by_batch(true);
  weight_.requires_grad_();
  bias_.requires_grad_();
  x_.requires_grad_();
  graft::testing::expect_gradients_of_differences([&] { return norm_.forward(x_, {.training = true}); },
                                                  {x_, weight_, bias_});
}

TEST_F(BatchNormTest, ABatchWithoutVarianceIsRefused) {
  norm_.go_by_batch(true);
  const auto one = torch::randn({1, 3, 1, 1}, at::kDouble);
  EXPECT_EQ(norm_.forward(one, {}).numel(), 3);
  try {
    norm_.forward(one, {.training = true});
    FAIL() << "a variance of one number was taken";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("one example, whose maps have shrunk to 1 x 1"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("--batch-size"));
  }
  EXPECT_EQ(norm_.forward(torch::randn({2, 3, 1, 1}, at::kDouble), {.training = true}).numel(), 6);
}

}  // namespace
}  // namespace graft::nn
