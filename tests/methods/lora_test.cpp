#include "graft/methods/lora/lora.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "tests/methods/sites_only.h"

namespace graft::methods {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> first_sites(const OnSites& built, size_t count) {
  std::vector<std::string> paths;
  for (size_t i = 0; i < count; ++i)
    paths.push_back(built.adaptation.bindings[i].sites.front());
  return paths;
}

// Hu et al., table 2: 0.3 M on RoBERTa-base, which has the widths of ViT-B.
TEST(Lora, OnQueriesAndValuesOfViTB16Trains294912Numbers) {
  const auto built = on_sites("lora", {});
  EXPECT_EQ(built.inserted(), 294'912);
  EXPECT_THAT(first_sites(built, 2), ElementsAre("vision.blocks.0.attn.qkv.q", "vision.blocks.0.attn.qkv.v"));
}

TEST(Lora, TakesAFusedMatrixWholeWhereThePatternSelectsTheWhole) {
  EXPECT_THAT(first_sites(on_sites("lora", {{"target", "attn.*"}}), 2),
              ElementsAre("vision.blocks.0.attn.qkv", "vision.blocks.0.attn.proj"));
  EXPECT_THAT(first_sites(on_sites("lora", {{"target", "*"}}), 4),
              ElementsAre("vision.blocks.0.attn.qkv", "vision.blocks.0.attn.proj", "vision.blocks.0.mlp.fc1",
                          "vision.blocks.0.mlp.fc2"));
}

TEST(Lora, StartsAsPeftDoes) {
  Random random(3);
  lora::Branch branch({.in = 100}, 30, {}, random);
  EXPECT_LE(branch.a().abs().max().item<double>(), 0.1);                      // U(-1/sqrt(100), 1/sqrt(100))
  EXPECT_NEAR(branch.a().std().item<double>(), 0.1 / std::sqrt(3.0), 0.004);  // of 800 draws
  EXPECT_EQ(branch.b().abs().max().item<double>(), 0);
}

// W = [[1, 2]], A = [[1, 1]], B = [[3]], alpha 4, rank 1: 1 + 2 + 4 * 3 * (1 + 1) = 27.
TEST(Lora, ByHand) {
  Random random(1);
  lora::Branch branch({.in = 2}, 1, {.rank = 1, .alpha = 4}, random);
  const auto w = torch::tensor({{1.f, 2.f}}), x = torch::ones({1, 2});
  at::Tensor(branch.a().detach()).copy_(torch::ones({1, 2}));
  at::Tensor(branch.b().detach()).fill_(3);
  const nn::Frozen frozen([&](const at::Tensor& u) { return torch::linear(u, w); });
  EXPECT_FLOAT_EQ(branch.forward(x, frozen, {}).item<float>(), 27);
  const auto folded = branch.fold(w, {});
  EXPECT_FLOAT_EQ(torch::linear(x, folded->weight).item<float>(), 27);
}

TEST(Lora, ScalesByTheRootOfTheRankWhereAsked) {
  Random random(1);
  const auto scale = [&](bool rslora) {
    lora::Branch branch({.in = 16}, 16, {.rank = 16, .alpha = 8, .rslora = rslora}, random);
    return std::get<nn::LowRank>(branch.form()).scale;
  };
  EXPECT_DOUBLE_EQ(scale(false), 0.5);
  EXPECT_DOUBLE_EQ(scale(true), 2);
}

TEST(Lora, DropsItsOwnInputAndNotTheFrozenMaps) {
  Random random(1);
  lora::Branch branch({.in = 4}, 4, {.rank = 2, .dropout = 0.5}, random);
  at::Tensor(branch.b().detach()).fill_(1);
  const auto x = torch::ones({64, 4});
  const nn::Frozen frozen([](const at::Tensor& u) { return u; });
  nn::Context context;
  context.training = true;
  context.generator = at::make_generator<at::CPUGeneratorImpl>(5);
  const auto trained = branch.forward(x, frozen, context), still = branch.forward(x, frozen, {});
  const auto change = trained - x, whole = still - x;
  EXPECT_GT((change - whole).abs().max().item<double>(), 1e-3);
  EXPECT_NEAR(change.mean().item<double>(), whole.mean().item<double>(), 0.2);  // right in the mean, over 64 rows
}

TEST(Lora, RefusesARankThatTheLayerCannotHold) {
  try {
    on_sites("lora", {{"rank", "1000"}});
    FAIL() << "rank 1000 was taken";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(
        error.what(),
        "[lora] rank 1000 is larger than the layer vision.blocks.0.attn.qkv.q allows: at most 768 (in 768, out "
        "768).");
  }
}

TEST(Lora, SaysWhatAPatternThatSelectsNothingCouldHaveSelected) {
  try {
    on_sites("lora", {{"target", "query"}});
    FAIL() << "a pattern without a match was taken";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--target query: selects no linear map or convolution of vit-b-16"));
    EXPECT_THAT(error.what(), HasSubstr("vision.blocks.0.mlp.fc1"));
  }
}

// q and v of a fused matrix as one pair of rank 2r: A stacks the two, B holds each in its own rows and columns.
TEST(Lora, WritesSlicesOfAFusedMatrixAsBlocks) {
  auto built = on_sites("lora", {{"rank", "2"}, {"alpha", "6"}, {"target", "blocks.3.attn.qkv.q,blocks.3.attn.qkv.v"}});
  const auto& q = dynamic_cast<lora::Branch&>(*built.adaptation.bindings[0].insert);
  const auto& v = dynamic_cast<lora::Branch&>(*built.adaptation.bindings[1].insert);
  at::Tensor(q.b().detach()).fill_(1);
  at::Tensor(v.b().detach()).fill_(2);
  const auto tensors = built.method->to_disk(*built.model, built.adaptation);
  ASSERT_EQ(tensors.size(), 2u);
  const auto a = tensors.at("base_model.model.blocks.3.attn.qkv.lora_A.weight");
  const auto b = tensors.at("base_model.model.blocks.3.attn.qkv.lora_B.weight");
  EXPECT_TRUE(torch::equal(a, torch::cat({q.a(), v.a()}).detach()));
  auto expected = torch::zeros({3 * 768, 4});
  expected.narrow(0, 0, 768).narrow(1, 0, 2).fill_(1);
  expected.narrow(0, 2 * 768, 768).narrow(1, 2, 2).fill_(2);
  EXPECT_TRUE(torch::equal(b, expected));

  const auto config = built.method->peft_config(*built.model, built.adaptation);
  EXPECT_EQ(config["r"], 4);
  EXPECT_EQ(config["lora_alpha"], 12);  // alpha / r is as before
  EXPECT_EQ(config["target_modules"], nlohmann::json({"blocks.3.attn.qkv"}));
}

TEST(Lora, RefusesAFileThatChangesOutputsItDoesNotAdapt) {
  auto built = on_sites("lora", {{"target", "blocks.3.attn.qkv.q"}});
  auto tensors = built.method->to_disk(*built.model, built.adaptation);
  tensors["base_model.model.blocks.3.attn.qkv.lora_B.weight"][2000][1] = 1;
  EXPECT_THROW(built.method->from_disk(*built.model, tensors, built.adaptation), ModelError);
}

TEST(Lora, NamesRanksModuleByModuleWhereTheyDiffer) {
  auto built =
      on_sites("lora", {{"rank", "4"}, {"rslora", "true"}, {"target", "blocks.0.attn.qkv.q,blocks.0.attn.qkv.v,fc1"}});
  const auto config = built.method->peft_config(*built.model, built.adaptation);
  EXPECT_EQ(config["r"], 8);
  EXPECT_EQ(config["rank_pattern"]["blocks.5.mlp.fc1"], 4);
  EXPECT_DOUBLE_EQ(config["lora_alpha"].get<double>() / std::sqrt(8.0), 4);
  EXPECT_DOUBLE_EQ(config["alpha_pattern"]["blocks.5.mlp.fc1"].get<double>() / std::sqrt(4.0), 4);
}

}  // namespace
}  // namespace graft::methods
