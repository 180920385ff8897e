// A model with another's attention: text attention in an image tower.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/models/model.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

using ::testing::HasSubstr;

// The tiny ViT cut to the width of the tiny BERT, 24, with its 2 heads and 3 blocks.
std::unique_ptr<Model> narrow_vit(int64_t heads = 2) {
  auto checkpoint = testing::tiny_vit_checkpoint();
  auto config = checkpoint.folder.config->value();
  config["model_args"]["embed_dim"] = 24;
  config["model_args"]["num_heads"] = heads;
  checkpoint.folder.config = io::JsonObject::parse(config.dump(), "config.json");
  for (auto& [name, tensor] : checkpoint.tensors) {
    for (int64_t d = 0; d < tensor.dim(); ++d) {
      const auto size = tensor.size(d);
      tensor = tensor.narrow(d, 0, size == 32 ? 24 : size == 96 ? 72 : size).contiguous();
    }
  }
  return checkpoint.load();
}

std::map<std::string, at::Tensor> parameters_of(const Model& model) {
  std::map<std::string, at::Tensor> values;
  for (const auto& parameter : model.named_parameters())
    values[parameter.key()] = parameter.value().detach().clone();
  return values;
}

bool is_attention(const std::string& name) {
  return name.find(".attn.") != std::string::npos;
}

TEST(SharedAttention, IsTheTextTowersAndEverythingElseStays) {
  const auto texts = testing::tiny_bert_checkpoint().load();
  const auto plain = parameters_of(*narrow_vit());
  const auto before = narrow_vit();
  const auto shared = before->with_attention_of(*texts);
  const auto now = parameters_of(*shared), theirs = parameters_of(*texts);
  ASSERT_EQ(now.size(), plain.size());
  int64_t taken = 0;
  for (const auto& [name, value] : now) {
    if (is_attention(name)) {
      EXPECT_TRUE(torch::equal(value, theirs.at("text." + name.substr(name.find("blocks."))))) << name;
      EXPECT_FALSE(torch::equal(value, plain.at(name))) << name;
      ++taken;
    } else {
      EXPECT_TRUE(torch::equal(value, plain.at(name))) << name;
    }
  }
  EXPECT_EQ(taken, 3 * 4);  // of three blocks qkv and proj, weight and bias
  EXPECT_NE(shared->info().fingerprint, narrow_vit()->info().fingerprint);
  EXPECT_THAT(shared->info().description, HasSubstr("attention: text"));
  const torch::NoGradGuard no_grad;
  const auto images = testing::tiny_images(3);
  EXPECT_FALSE(torch::allclose(shared->reader().encode({images}, {}), narrow_vit()->reader().encode({images}, {})));
}

// What was packed of the old weights is not used on.
TEST(SharedAttention, AModelThatRanBeforeRunsByTheNewOne) {
  const torch::NoGradGuard no_grad;
  const auto images = testing::tiny_images(3);
  const auto texts = testing::tiny_bert_checkpoint().load();
  const auto ran = narrow_vit();
  ran->reader().encode({images}, {});
  const auto one = ran->with_attention_of(*texts)->reader().encode({images}, {});
  EXPECT_TRUE(torch::equal(one, narrow_vit()->with_attention_of(*texts)->reader().encode({images}, {})));
}

TEST(SharedAttention, RandomNumbersAreTheSeeds) {
  const auto one = parameters_of(*narrow_vit()->with_random_attention(Random(1))),
             again = parameters_of(*narrow_vit()->with_random_attention(Random(1))),
             other = parameters_of(*narrow_vit()->with_random_attention(Random(2))),
             plain = parameters_of(*narrow_vit());
  for (const auto& [name, value] : one) {
    EXPECT_TRUE(torch::equal(value, again.at(name))) << name;
    EXPECT_EQ(torch::equal(value, plain.at(name)), !is_attention(name)) << name;
    if (!is_attention(name)) continue;
    if (value.dim() == 1) {
      EXPECT_EQ(value.count_nonzero().item<int64_t>(), 0) << name;
    } else {
      EXPECT_FALSE(torch::equal(value, other.at(name))) << name;
      EXPECT_NEAR(value.std().item<double>(), 1 / std::sqrt(24.0), 0.03) << name;
    }
  }
}

std::string refusal(const Model& model, const Model& other) {
  try {
    model.with_attention_of(other);
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

TEST(SharedAttention, WhatDoesNotFitIsRefusedByName) {
  const auto vit = testing::tiny_vit();
  const auto bert = testing::tiny_bert_checkpoint().load();
  EXPECT_THAT(refusal(*vit, *bert), HasSubstr("tiny-bert: its text tower has 3 blocks of width 24 and 2 heads, and "
                                              "tiny-vit has 3 blocks of width 32 and 2 heads"));
  EXPECT_THAT(refusal(*narrow_vit(3), *bert), HasSubstr("2 heads, and tiny-vit has 3 blocks of width 24 and 3 heads"));
  EXPECT_THAT(refusal(*vit, *testing::tiny_clip()), HasSubstr("its text tower has 2 blocks of width 16"));
  const auto resnet = testing::tiny_resnet_checkpoint().load();
  EXPECT_THAT(refusal(*vit, *resnet), HasSubstr("has no blocks with attention"));
  EXPECT_THAT(refusal(*resnet, *vit), HasSubstr("has no blocks with attention"));
  // Of an image model without texts the attention is its own.
  EXPECT_EQ(refusal(*vit, *testing::tiny_vit(2)), "no error");
}

}  // namespace
}  // namespace graft::models
