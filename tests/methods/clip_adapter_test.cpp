#include "graft/methods/clip_adapter/clip_adapter.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "tests/methods/golden.h"
#include "tests/methods/sites_only.h"

namespace graft::methods {
namespace {

TEST(ClipAdapter, TrainsTwoMapsOfAQuarterOfTheFeaturesWidth) {
  EXPECT_EQ(on_sites("clip-adapter", {}).inserted(), 2 * 512 * 128);
}

TEST(ClipAdapter, EqualsThePublishedFormula) {
  auto g = golden("clip_adapter");
  Random random(1);
  clip_adapter::Mix mix(8, {}, random);
  const torch::NoGradGuard no_grad;
  mix.named_parameters()["down"].copy_(g["down"]);
  mix.named_parameters()["up"].copy_(g["up"]);
  const nn::Frozen prompts(
      [&](const at::Tensor& f) { return 100 * torch::mm(f / f.norm(2, 1, true), g["classes"].t()); });
  EXPECT_TRUE(torch::allclose(mix.forward(g["features"], prompts, {}), g["logits"], 1e-5, 1e-4));  // logits up to 100
}

TEST(ClipAdapter, AtRatioZeroIsTheFrozenModel) {
  Random random(1);
  clip_adapter::Mix mix(8, {.ratio = 0}, random);
  const nn::Frozen same([](const at::Tensor& f) { return f; });
  const auto features = torch::randn({3, 8});
  EXPECT_TRUE(torch::equal(mix.forward(features, same, {}), features));
}

TEST(ClipAdapter, RefusesARatioThatIsNoShare) {
  EXPECT_THROW(make_method("clip-adapter", {{"ratio", "1.5"}}), ConfigError);
  EXPECT_THROW(make_method("clip-adapter", {{"reduction", "0"}}), ConfigError);
}

}  // namespace
}  // namespace graft::methods
