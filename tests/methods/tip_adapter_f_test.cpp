#include "graft/methods/tip_adapter_f/tip_adapter_f.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "tests/methods/sites_only.h"

namespace graft::methods {
namespace {

TEST(TipAdapterF, TrainsTheKeysAlone) {
  const auto built = on_sites("tip-adapter-f", {});
  EXPECT_EQ(built.inserted(), 64 * 512);
  EXPECT_EQ(built.adaptation.bindings.front().insert->named_parameters().front().key(), "keys");
}

TEST(TipAdapterF, TrainsAsTheAuthorsDo) {
  const auto built = on_sites("tip-adapter-f", {});
  const auto recipe = built.method->recipe(built.setting);
  EXPECT_EQ(recipe.optimizer, OptimizerKind::adamw);
  EXPECT_DOUBLE_EQ(recipe.lr, 1e-3);
  EXPECT_DOUBLE_EQ(recipe.eps, 1e-4);
  EXPECT_EQ(recipe.epochs, 20);
  EXPECT_EQ(recipe.batch_size, 256);
  EXPECT_EQ(recipe.schedule, ScheduleKind::cosine);
}

// d/dK of exp(-beta (1 - f K)) is beta f times itself: keys of photos near f move along f.
TEST(TipAdapterF, TheGradientOfAKeyIsTheFeatureTimesItsVote) {
  photo_cache::Cache cache(1, 2, 1, true, {.alpha = 1, .beta = 2});
  cache.fill(torch::tensor({{1.f, 0.f}}), torch::tensor({0}), 1);
  const nn::Frozen nothing([](const at::Tensor& f) { return torch::zeros({f.size(0), 1}); });
  cache.forward(torch::tensor({{3.f, 4.f}}), nothing, {}).sum().backward();
  const auto gradient = cache.parameters().front().grad();
  const double vote = std::exp(-2 * (1 - 0.6));
  EXPECT_NEAR(gradient[0][0].item<double>(), 2 * 0.6 * vote, 1e-6);
  EXPECT_NEAR(gradient[0][1].item<double>(), 2 * 0.8 * vote, 1e-6);
}

TEST(TipAdapterF, NeedsClassPrompts) {
  auto built = on_sites("tip-adapter-f", {});
  Random random(1);
  models::LinearHead head(512, 4, models::HeadInit::zero, random);
  EXPECT_THROW(built.method->attach(built.setting, head, random), ConfigError);
}

}  // namespace
}  // namespace graft::methods
