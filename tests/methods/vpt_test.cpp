#include "graft/methods/vpt/vpt.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "tests/methods/sites_only.h"

namespace graft::methods {
namespace {

const nn::Frozen kIdentity([](const at::Tensor& u) { return u; });

nn::Context with_layout(int64_t registers, int64_t patches) {
  nn::Context context;
  context.layout.segments = {{nn::TokenKind::class_token, 1}};
  if (registers > 0) context.layout.segments.push_back({nn::TokenKind::register_token, registers});
  context.layout.segments.push_back({nn::TokenKind::patch, patches});
  return context;
}

TEST(Vpt, DeepAtFiftyTokensOnViTB16Trains460800Numbers) {
  const auto built = on_sites("vpt", {{"tokens", "50"}});
  EXPECT_EQ(built.inserted(), 460'800);
  EXPECT_EQ(built.adaptation.bindings.size(), 12u);
}

TEST(Vpt, ShallowTrainsOneBlocksWorth) {
  const auto built = on_sites("vpt", {{"tokens", "50"}, {"mode", "shallow"}});
  EXPECT_EQ(built.inserted(), 38'400);
  EXPECT_EQ(built.adaptation.bindings.front().sites.front(), "vision.blocks.0.tokens");
}

TEST(Vpt, GoesBeforeTheNormOfAClipWhereAsked) {
  const auto built = on_sites("vpt", {{"ln-pre", "before"}});
  EXPECT_EQ(built.adaptation.bindings.front().sites.front(), "vision.tokens");
  EXPECT_EQ(built.adaptation.bindings[1].sites.front(), "vision.blocks.1.tokens");
}

// sqrt(6 / (3 * 16 * 16 + 768)) = 1/16 on ViT-B/16.
TEST(Vpt, StartsUniformWithinASixteenthOnViTB16) {
  const auto built = on_sites("vpt", {{"tokens", "50"}});
  for (const auto& binding : built.adaptation.bindings) {
    const auto values = binding.insert->parameters().front().abs();
    EXPECT_LE(values.max().item<double>(), 0.0625);
    EXPECT_GT(values.max().item<double>(), 0.0624);
  }
}

TEST(Vpt, TakesThePatchFromTheSiteWhateverItsTowerIsMadeOf) {
  const double bound = std::sqrt(6.0 / (2 * 3 * 14 * 14 + 768));  // patches of two frames
  const auto built = on_sites("vpt", {{"tokens", "50"}}, sites_only(/*text=*/true, 2 * 3 * 14 * 14));
  const auto values = built.adaptation.bindings.front().insert->parameters().front().abs();
  EXPECT_LE(values.max().item<double>(), bound);
  EXPECT_GT(values.max().item<double>(), 0.998 * bound);
}

TEST(Vpt, WithoutPatchesAsksForNormalValues) {
  const auto model = sites_only(/*text=*/true, /*patch_numbers=*/0);
  EXPECT_EQ(on_sites("vpt", {{"init", "normal"}}, model).inserted(), 12 * 5 * 768);
  try {
    on_sites("vpt", {}, model);
    FAIL() << "a bound was made of no patch";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("[vpt] vit-b-16 cuts no patches"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("Use --init normal."));
  }
}

TEST(Vpt, PutsItsTokensBetweenTheClassTokenAndTheRest) {
  vpt::Prompts prompts(torch::tensor({{7.f}, {8.f}}), false, vpt::Position::after_class, 0);
  const auto context = with_layout(1, 2);
  const auto x = torch::tensor({1.f, 2.f, 3.f, 4.f}).view({1, 4, 1});
  const auto y = prompts.forward(x, kIdentity, context);
  EXPECT_TRUE(torch::equal(y.flatten(), torch::tensor({1.f, 7.f, 8.f, 2.f, 3.f, 4.f})));
  const auto layout = prompts.layout(context.layout);
  EXPECT_EQ(layout.begin(nn::TokenKind::prompt), 1);
  EXPECT_EQ(layout.begin(nn::TokenKind::patch), 4);
  EXPECT_EQ(layout.total(), 6);
}

TEST(Vpt, PutsItsTokensAtTheEndAsMaPLeDoes) {
  vpt::Prompts prompts(torch::tensor({{7.f}}), false, vpt::Position::end, 0);
  const auto context = with_layout(0, 2);
  const auto y = prompts.forward(torch::tensor({1.f, 2.f, 3.f}).view({1, 3, 1}), kIdentity, context);
  EXPECT_TRUE(torch::equal(y.flatten(), torch::tensor({1.f, 2.f, 3.f, 7.f})));
  EXPECT_EQ(prompts.layout(context.layout).begin(nn::TokenKind::prompt), 3);
}

TEST(Vpt, ReplacesTheRowsOfTheBlockBefore) {
  vpt::Prompts prompts(torch::tensor({{9.f}, {9.f}}), true, vpt::Position::after_class, 0);
  auto context = with_layout(0, 2);
  context.layout = context.layout.with(nn::TokenKind::prompt, 2, 1);
  const auto y = prompts.forward(torch::tensor({1.f, 7.f, 8.f, 2.f, 3.f}).view({1, 5, 1}), kIdentity, context);
  EXPECT_TRUE(torch::equal(y.flatten(), torch::tensor({1.f, 9.f, 9.f, 2.f, 3.f})));
  EXPECT_EQ(prompts.layout(context.layout).total(), 5);
}

TEST(Vpt, DropsPromptsPhotoByPhoto) {
  vpt::Prompts prompts(torch::ones({1, 64}), false, vpt::Position::after_class, 0.5);
  auto context = with_layout(0, 1);
  context.training = true;
  context.generator = at::make_generator<at::CPUGeneratorImpl>(1);
  const auto y = prompts.forward(torch::zeros({2, 2, 64}), kIdentity, context).select(1, 1);
  EXPECT_FALSE(torch::equal(y[0], y[1]));
  EXPECT_TRUE(((y == 0) | (y == 2)).all().item<bool>());
}

TEST(Vpt, TrainsAClipAtMaPLesRateForItsBatch) {
  const auto built = on_sites("vpt", {});
  const auto recipe = built.method->recipe(built.setting);
  EXPECT_NEAR(recipe.lr / static_cast<double>(recipe.batch_size), 0.0035 / 4, 1e-12);
  EXPECT_EQ(recipe.schedule, ScheduleKind::coop);
}

TEST(Vpt, TrainsAsThePaperDoesWithALinearHead) {
  auto built = on_sites("vpt", {});
  const auto model = sites_only(/*text=*/false);
  const auto recipe = built.method->recipe({model, {"a", "b"}, 0, 1000});
  EXPECT_EQ(recipe.schedule, ScheduleKind::vpt);
  EXPECT_EQ(recipe.batch_size, 128);
  EXPECT_EQ(recipe.epochs, 100);
  EXPECT_EQ(recipe.warmup_epochs, 10);
  EXPECT_EQ(built.method->head({model, {"a", "b"}}).init, models::HeadInit::vpt);
}

}  // namespace
}  // namespace graft::methods
