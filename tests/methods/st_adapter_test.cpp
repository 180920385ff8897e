#include "graft/methods/st_adapter/st_adapter.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "tests/methods/sites_only.h"
#include "tests/support/tiny_models.h"

namespace graft::methods {
namespace {

using st_adapter::Adapter;

nn::Context context_of(int64_t frames, int64_t before, int64_t patches) {
  nn::Context context;
  context.layout.segments = {{nn::TokenKind::class_token, before}, {nn::TokenKind::patch, patches}};
  context.layout.frames = frames;
  return context;
}

// Pan et al. 2022: 592,512 numbers an adapter of a ViT-B, 12 of them for Kinetics; for Something-Something 24, of which
// the last before an MLP is not there.
TEST(StAdapter, AddsToAViTBWhatThePaperAdds) {
  EXPECT_EQ(on_sites("st-adapter", {}, sites_only(), 8).inserted(), 7'110'144);
  EXPECT_EQ(on_sites("st-adapter", {{"where", "both"}}, sites_only(), 8).inserted(), 14'220'288 - 592'512);
}

// The sum written out: frame t's patch gets w[0] of the frame before, w[1] of its own, w[2] of the next.
TEST(StAdapter, ConvolvesOverFramesAndLeavesTheClassTokenAlone) {
  constexpr int64_t kFrames = 3, kPatches = 4, kWidth = 6, kInner = 5;
  Random random(1);
  Adapter adapter({.width = kWidth, .inner = kInner}, random);
  const torch::NoGradGuard no_grad;
  uint64_t seed = 1;
  for (auto& parameter : adapter.named_parameters())
    parameter.value().copy_(testing::random_tensor(parameter.value().sizes().vec(), seed++));
  const auto p = adapter.named_parameters();
  const auto x = testing::random_tensor({2 * kFrames, 1 + kPatches, kWidth}, 9);
  const nn::Frozen nothing([](const at::Tensor& u) { return torch::zeros_like(u); });
  const auto got = adapter.forward(x, nothing, context_of(kFrames, 1, kPatches));

  const auto low = torch::linear(x, p["down_weight"], p["down_bias"]).view({2, kFrames, 1 + kPatches, kInner});
  auto mixed = torch::zeros_like(low) + p["conv_bias"];
  for (int64_t t = 0; t < kFrames; ++t) {
    for (int64_t k = -1; k <= 1; ++k) {
      if (t + k < 0 || t + k >= kFrames) continue;
      mixed.select(1, t).add_(low.select(1, t + k) * p["conv_weight"].select(2, k + 1).reshape({kInner}));
    }
  }
  auto expected = torch::linear(mixed, p["up_weight"], p["up_bias"]).flatten(0, 1);
  expected.select(1, 0).zero_();
  EXPECT_LT((got - expected).abs().max().item<double>(), 1e-5);
}

TEST(StAdapter, ReachesOverPatchesOfASquareGridAlone) {
  Random random(1);
  Adapter adapter({.width = 6, .inner = 4, .kernel_space = 3}, random);
  const nn::Frozen nothing([](const at::Tensor& u) { return torch::zeros_like(u); });
  EXPECT_NO_THROW(adapter.forward(torch::ones({2, 10, 6}), nothing, context_of(2, 1, 9)));
  EXPECT_THROW(adapter.forward(torch::ones({2, 7, 6}), nothing, context_of(2, 1, 6)), ShapeError);
}

}  // namespace
}  // namespace graft::methods
