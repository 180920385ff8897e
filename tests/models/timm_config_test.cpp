// timm's config.json and a ViT's lone file: what is read, and what is refused by name.
#include <gmock/gmock.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/models/preprocessing.h"
#include "graft/models/vit/vit_settings.h"
#include "tests/support/tiny_models.h"

namespace graft::models::vit {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

graft::testing::TinyCheckpoint with_config(const json& patch) {
  auto checkpoint = graft::testing::tiny_vit_checkpoint();
  auto config = checkpoint.folder.config->value();
  config.merge_patch(patch);
  checkpoint.folder.config = io::JsonObject(config, "config.json");
  return checkpoint;
}

std::string refusal_with(const json& patch) {
  try {
    with_config(patch).load();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(TimmConfig, WhatChangesTheFeaturesAndIsNotUnderstoodIsRefusedByName) {
  const std::pair<json, const char*> kArgs[] = {
      {{{"qk_norm", true}}, "model_args.qk_norm = true"},
      {{{"scale_mlp_norm", true}}, "model_args.scale_mlp_norm = true"},
      {{{"attn_layer", "diff"}}, "model_args.attn_layer = \"diff\""},
      {{{"act_layer", "mish"}}, "model_args.act_layer = \"mish\""},
      {{{"norm_layer", "rmsnorm"}}, "model_args.norm_layer = \"rmsnorm\""},
      {{{"pos_embed", "none"}}, "model_args.pos_embed = \"none\""},
      {{{"global_pool", "avgmax"}}, "global_pool = \"avgmax\""},
      {{{"pool_include_prefix", true}}, "model_args.pool_include_prefix = true"},
      {{{"use_naflex", true}}, "model_args.use_naflex = true"},
      {{{"rope_theta", 100}}, "model_args.rope_theta"},
      {{{"in_chans", 4}}, "model_args.in_chans = 4"},
      {{{"num_heads", "two"}}, "model_args.num_heads: expected a whole number"},
  };
  for (const auto& [args, expected] : kArgs)
    EXPECT_THAT(refusal_with({{"model_args", args}}), HasSubstr(expected)) << args;
  const std::pair<json, const char*> kPretrained[] = {
      {{{"interpolation", "random"}}, "pretrained_cfg.interpolation = \"random\""},
      {{{"crop_mode", "corner"}}, "pretrained_cfg.crop_mode = \"corner\""},
      {{{"mean", {0.5, 0.5}}}, "pretrained_cfg.mean: expected one number, or three"},
      {{{"gamma", 2.2}}, "pretrained_cfg.gamma"},
  };
  for (const auto& [keys, expected] : kPretrained)
    EXPECT_THAT(refusal_with({{"pretrained_cfg", keys}}), HasSubstr(expected)) << keys;
}

TEST(TimmConfig, WhatChangesNothingLoads) {
  EXPECT_EQ(refusal_with({{"num_classes", 7},
                          {"label_names", {"a", "b"}},
                          {"author", "somebody"},
                          {"model_args",
                           {{"drop_path_rate", 0.1},
                            {"mlp_ratio", 1.25},
                            {"fix_init", true},
                            {"qk_norm", false},
                            {"act_layer", "gelu"},
                            {"norm_layer", nullptr}}},
                          {"pretrained_cfg",
                           {{"license", "mit"},
                            {"pool_size", nullptr},
                            {"classifier", "head"},
                            {"test_input_size", {3, 48, 48}},
                            {"url", ""}}}}),
            "");
}

TEST(TimmConfig, WeightsOfAnotherModelAreRefused) {
  EXPECT_THAT(refusal_with({{"architecture", "vit_small_patch14_dinov2"}, {"model_args", {{"reg_tokens", nullptr}}}}),
              HasSubstr("register tokens: 0, the tensors have 2"));
  EXPECT_THAT(refusal_with({{"model_args", {{"embed_dim", 64}, {"pre_norm", true}, {"class_token", false}}}}),
              AllOf(HasSubstr("token"), HasSubstr("config.json")));
  EXPECT_THAT(refusal_with({{"model_args", {{"depth", 4}, {"init_values", 0}}}}),
              AllOf(HasSubstr("blocks: 4, the tensors have 3"), HasSubstr("LayerScale: none, the tensors have one")));
}

TEST(TimmConfig, OlderFilesHaveThePreparationAtTheTop) {
  auto checkpoint = with_config(json::object());
  auto config = checkpoint.folder.config->value();
  config.merge_patch({{"input_size", {3, 24, 24}}, {"mean", 0.25}, {"crop_pct", 0.9}, {"num_features", 32}});
  config.erase("pretrained_cfg");
  checkpoint.folder.config = io::JsonObject(config, "config.json");
  const auto preprocessing = checkpoint.load()->info().preprocessing;
  EXPECT_FLOAT_EQ(preprocessing.mean[1], 0.25f);
  EXPECT_EQ(preprocessing.resize, (data::Size{26, 26}));
}

data::Preprocessing prepared(const json& config, data::Size size) {
  return timm_preprocessing(io::JsonObject(config, "config.json"), size);
}

TEST(TimmConfig, ResizesFollowTheCropAtEverySize) {
  const auto own = prepared({{"crop_pct", 0.95}}, {224, 224});
  EXPECT_EQ(own.resize, (data::Size{235, 235}));
  for (const int size : {96, 160, 192, 256, 320, 384, 448}) {
    const auto other = at_size(own, size, 16);
    EXPECT_EQ(other.resize, prepared({{"crop_pct", 0.95}}, {size, size}).resize) << size;
    EXPECT_EQ(other.output(), (data::Size{size, size}));
  }
  EXPECT_EQ(at_size(own, 96, 16).resize.height, 101);  // and not 235 * 96 / 224, rounded
}

TEST(TimmConfig, CropModesAndDefaultsAreTimms) {
  const auto plain = prepared(json::object(), {224, 224});
  EXPECT_EQ(plain.resize, (data::Size{256, 256}));
  EXPECT_EQ(plain.interpolation, data::Filter::bicubic);
  EXPECT_FLOAT_EQ(plain.mean[0], 0.485f);
  EXPECT_EQ(prepared({{"crop_mode", "squash"}}, {224, 224}).resize_mode, data::ResizeMode::squash);
  const auto border = prepared({{"crop_mode", "border"}, {"mean", {0.5, 0.1, 1.0}}, {"crop_pct", 1.0}}, {224, 224});
  EXPECT_EQ(border.resize_mode, data::ResizeMode::longest);
  EXPECT_EQ(border.fill, (std::array<std::uint8_t, 3>{128, 26, 255}));  // Python's round of 255 * mean
}

TEST(TimmConfig, AnEdgeShortOfAWholePatchIsLeftOutAsAConvolutionDoes) {
  const torch::NoGradGuard no_grad;
  const auto whole = graft::testing::tiny_vit();
  const auto ragged =
      with_config({{"model_args", {{"img_size", 27}}}, {"pretrained_cfg", {{"input_size", {3, 27, 27}}}}}).load();
  EXPECT_EQ(ragged->info().preprocessing.output(), (data::Size{27, 27}));
  const auto images = at::randn({1, 3, 27, 27});
  nn::Context first, second;
  const auto cut = images.narrow(2, 0, 24).narrow(3, 0, 24);
  EXPECT_TRUE(at::equal(ragged->reader().encode({images}, first), whole->reader().encode({cut}, second)));
}

Shape lone(int64_t width, int64_t depth, unsigned traits, int64_t registers = 0) {
  Shape shape;
  shape.width = width;
  shape.depth = depth;
  shape.traits = traits;
  shape.registers = registers;
  return shape;
}

TEST(LoneVit, HasTheHeadsOfTimmsModelsOfItsShape) {
  constexpr unsigned kPlain = kClass | kFinalNorm | kQkvBias;
  EXPECT_EQ(heads_of(lone(768, 12, kPlain), "a.pth"), 12);
  EXPECT_EQ(heads_of(lone(1280, 32, kPlain), "a.pth"), 16);                 // ViT-H, heads of width 80
  EXPECT_EQ(heads_of(lone(1408, 40, kPlain), "a.pth"), 16);                 // ViT-g, 88
  EXPECT_EQ(heads_of(lone(1664, 48, kPlain | kNormPre), "a.pth"), 16);      // ViT-G of a CLIP, 104
  EXPECT_EQ(heads_of(lone(1280, 32, kPlain | kScale), "a.pth"), 16);        // DeiT III
  EXPECT_EQ(heads_of(lone(1152, 27, kFinalNorm | kQkvBias), "a.pth"), 16);  // so400m, 72
  EXPECT_EQ(heads_of(lone(64, 1, kPlain), "a.pth"), 1);                     // nobody's: heads of width 64
}

TEST(LoneVit, IsRefusedWhereItsHeadsCannotBeKnown) {
  try {
    heads_of(lone(768, 12, kFinalNorm | kQkvBias), "a.pth");
    FAIL() << "vit_base_patch16_gap_224 has 16 heads, SigLIP's base model 12";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("a.pth"), HasSubstr("768 wide it may have"), HasSubstr("config.json")));
  }
  EXPECT_THROW(heads_of(lone(100, 2, kClass), "a.pth"), ModelError);
}

}  // namespace
}  // namespace graft::models::vit
