#include "graft/models/vit/vision_tower.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "tests/support/gradient_check.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

using ::testing::HasSubstr;
using testing::relative_error;
using testing::tiny_images;
using testing::tiny_vit;
using testing::tiny_vit_checkpoint;

LoadOptions at_size(int64_t side) {
  LoadOptions options;
  options.image_size = side;
  return options;
}

// Puts three rows in after the class token.
struct Prompts : nn::Insert {
  at::Tensor forward(const at::Tensor& x, const nn::Frozen&, const nn::Context&) const override {
    const auto rows = at::ones({x.size(0), 3, x.size(2)});
    return at::cat({x.narrow(1, 0, 1), rows, x.narrow(1, 1, x.size(1) - 1)}, 1);
  }
  nn::Layout layout(const nn::Layout& before) const override { return before.with(nn::TokenKind::prompt, 3, 1); }
};

TEST(Vit, RunningInTwoPartsEqualsRunningAtOnce) {
  const torch::NoGradGuard no_grad;
  auto model = tiny_vit();
  const auto images = tiny_images(2);
  nn::Context context;
  const auto whole = model->reader().encode({images}, context);
  for (nn::Place place = 0; place <= model->reader().pooled(); ++place) {
    nn::Context first, second;
    const auto value = model->reader().run({images}, 0, place, first);
    EXPECT_LT(relative_error(model->reader().run(value, place, model->reader().pooled(), second).x, whole), 1e-5)
        << place;  // float32
  }
}

TEST(Vit, PromptsLengthenTheTokensAndTheLayoutKnows) {
  const torch::NoGradGuard no_grad;
  auto model = tiny_vit();
  model->joint("vision.blocks.1.tokens").put(std::make_shared<Prompts>());
  nn::Context context;
  const auto tokens = model->reader().run({tiny_images(2)}, 0, model->reader().pooled() - 1, context);
  EXPECT_EQ(tokens.x.size(1), 1 + 3 + 2 + 9);
  EXPECT_EQ(tokens.layout.total(), tokens.x.size(1));
  EXPECT_EQ(tokens.layout.begin(nn::TokenKind::register_token), 4);
  EXPECT_EQ(tokens.layout.begin(nn::TokenKind::patch), 6);
  const auto again = model->reader().run({tiny_images(2)}, 0, model->reader().pooled(), context).x;
  EXPECT_EQ(again.sizes().vec(), (std::vector<int64_t>{2, 32}));
}

TEST(Vit, ItsSitesSayWhatMethodsNeedToKnow) {
  const auto model = tiny_vit();
  EXPECT_EQ(model->joint("vision.blocks.1.tokens").site().patch_numbers, 3 * 8 * 8);
  EXPECT_EQ(model->joint("vision.blocks.1.mlp").site().part, "mlp");
  EXPECT_EQ(model->joint("vision.blocks.2.attn.qkv").site().part, "attn.qkv");
  EXPECT_FALSE(model->joint("vision.blocks.2.attn.qkv").site().multihead);
}

TEST(Vit, WritesItsCheckpointBack) {
  const auto checkpoint = tiny_vit_checkpoint();
  const auto written = checkpoint.load()->to_checkpoint();
  EXPECT_EQ(written.size(), checkpoint.tensors.size());
  for (const auto& [name, tensor] : checkpoint.tensors) {
    ASSERT_TRUE(written.contains(name)) << name;
    EXPECT_TRUE(at::equal(written.at(name), tensor)) << name;
  }
}

TEST(Vit, LeavesAClassifierAsideAndSaysSo) {
  auto checkpoint = tiny_vit_checkpoint();
  checkpoint.tensors["head.weight"] = at::zeros({10, 32});
  const auto model = checkpoint.load();
  EXPECT_THAT(model->info().notes,
              ::testing::Contains(::testing::Field(&Note::text, HasSubstr("left aside: head.weight"))));
  EXPECT_EQ(model->info().fingerprint, tiny_vit()->info().fingerprint);
}

TEST(Vit, RefusesWeightsThatItWouldIgnore) {
  auto checkpoint = tiny_vit_checkpoint();
  checkpoint.tensors["blocks.0.attn.q_norm.weight"] = at::zeros({16});
  try {
    checkpoint.load();
    FAIL() << "a weight without a use was loaded";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("blocks.0.attn.q_norm.weight: unexpected, [16]"));
  }
}

TEST(Vit, AnUnknownFileIsToldWhatItHoldsAndWhatIsKnown) {
  testing::TinyCheckpoint checkpoint;
  checkpoint.folder.path = "resnet.pt";
  checkpoint.tensors["conv1.weight"] = at::zeros({1});
  try {
    checkpoint.load();
    FAIL() << "a ResNet was taken for a ViT";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("its 1 tensors begin with conv1.weight"));
    EXPECT_THAT(error.what(), HasSubstr("clip (open_clip, openai, hf); "));
    EXPECT_THAT(error.what(), HasSubstr("vit (timm, hf, dino, dinov2)"));
  }
}

TEST(Vit, ReadsAnImageOfAnotherSizeByStretchingPositions) {
  const torch::NoGradGuard no_grad;
  auto model = tiny_vit_checkpoint().load(at_size(40));
  EXPECT_EQ(model->info().preprocessing.output().height, 40);
  nn::Context context;
  const auto tokens = model->reader().run({at::zeros({1, 3, 40, 32})}, 0, 1, context).x;
  EXPECT_EQ(tokens.size(1), 3 + 5 * 4);
  EXPECT_THROW(model->reader().run({at::zeros({1, 3, 41, 32})}, 0, 1, context), ShapeError);
  EXPECT_THROW(tiny_vit_checkpoint().load(at_size(41)), ConfigError);
}

TEST(Vit, GradientsReachEveryTrainedParameter) {
  auto model = tiny_vit();
  model->to(torch::kFloat64);
  std::vector<std::string> names;
  for (const auto& parameter : model->named_parameters())
    names.push_back(parameter.key());
  model->freeze_all_but(names);
  const auto images = tiny_images(1).to(torch::kFloat64);
  nn::Context context;
  testing::expect_gradients_of_differences([&] { return model->reader().encode({images}, context); },
                                           model->parameters(), 1e-6, 3);
}

TEST(Vit, WhatTrainsIsReadAnewAfterEachStep) {
  auto model = tiny_vit();
  const auto images = tiny_images(2);
  nn::Context context;
  const auto before = model->reader().encode({images}, context).detach();
  model->freeze_all_but({"vision.blocks.1.mlp.fc1.weight", "vision.blocks.2.scale2", "vision.norm.bias"});
  for (int step = 0; step < 2; ++step) {
    model->reader().encode({images}, context).sum().backward();
    const torch::NoGradGuard no_grad;
    for (auto& parameter : model->parameters()) {
      if (!parameter.requires_grad()) continue;
      ASSERT_TRUE(parameter.grad().defined());
      parameter.sub_(parameter.grad(), 0.1);
    }
  }
  const auto trained = model->reader().encode({images}, context).detach();
  EXPECT_GT(relative_error(trained, before), 1e-3);
  model->freeze_all_but({});
  EXPECT_LT(relative_error(model->reader().encode({images}, context), trained), 1e-5);  // packed anew, float32
}

}  // namespace
}  // namespace graft::models
