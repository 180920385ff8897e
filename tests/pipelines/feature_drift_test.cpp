#include "graft/pipelines/feature_drift.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "graft/pipelines/adapt.h"
#include "graft/pipelines/features.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

class Drift : public ::testing::Test {
 protected:
  engine::AdaptOptions options(const std::string& method) {
    auto o = testing::tiny_run(testing::shared_tiny_world(), method);
    o.train.lr = 1e-2;
    return o;
  }
  engine::Session session() {
    const auto o = options("");
    return {o.model, o.data, host_, silent_};
  }
  // Of the test split, in float64.
  at::Tensor features_of(const std::string& adapter) {
    auto o = testing::in_tiny_world<FeaturesOptions>(testing::shared_tiny_world());
    o.split = "test";
    o.adapter = adapter;
    return features(o, host_, silent_).features.to(at::kDouble).contiguous();
  }

  TempFolder folder_;
  engine::Host host_;
  Silent silent_;
};

// Kornblith et al. 2019, written down once more: centred columns, Frobenius norms.
TEST_F(Drift, IsTheAlignmentOfTheFeaturesThatTheRunAndTheModelGive) {
  auto o = options("lora");
  o.output = (folder_ / "run").string();
  auto with = session();
  const auto result = adapt(with, o, {}, silent_, 512);
  ASSERT_TRUE(result.drift);
  EXPECT_EQ(result.drift->examples, 12);
  const auto centred = [](const at::Tensor& x) { return x - x.mean(0, true); };
  const auto x = centred(features_of("")), y = centred(features_of(o.output));
  const auto norm = [](const at::Tensor& a, const at::Tensor& b) {
    return at::matmul(a.t(), b).square().sum().item<double>();
  };
  EXPECT_NEAR(result.drift->alignment.plain, norm(x, y) / std::sqrt(norm(x, x) * norm(y, y)), 1e-6);
  EXPECT_LT(result.drift->alignment.plain, 1 - 1e-6);
}

TEST_F(Drift, LooksAtNoMoreExamplesThanItIsAllowed) {
  auto with = session();
  EXPECT_EQ(adapt(with, options("bias"), {}, silent_, 5).drift->examples, 5);
  EXPECT_FALSE(adapt(with, options("bias"), {}, silent_, 3).drift);  // too few to say anything
  EXPECT_FALSE(adapt(with, options("bias"), {}, silent_).drift);     // nobody asked
}

// And the model is as it was: a second run gives the same bits.
TEST_F(Drift, OfMethodsOnTopOfTheFeaturesThereIsNone) {
  auto with = session();
  const auto first = adapt(with, options("lora"), {}, silent_, 512);
  EXPECT_FALSE(adapt(with, options("linear-probe"), {}, silent_, 512).drift);
  const auto again = adapt(with, options("lora"), {}, silent_, 512);
  EXPECT_EQ(first.drift->alignment.plain, again.drift->alignment.plain);
  EXPECT_TRUE(torch::equal(first.test_predictions.probabilities, again.test_predictions.probabilities));
}

}  // namespace
}  // namespace graft::pipelines
