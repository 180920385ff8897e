// TimeSformer against transformers (tests/golden/make/models_timesformer.py), and made of a ViT.
#include <gmock/gmock.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "graft/core/error.h"
#include "graft/models/checkpoint.h"
#include "graft/models/model.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

using ::testing::HasSubstr;
using testing::relative_error;
using testing::tiny_timesformer_checkpoint;
using testing::TinyCheckpoint;

constexpr int64_t kFrames = 3;

std::filesystem::path golden(const std::string& name) {
  return source_dir() / "tests/golden/models" / name;
}

template <class Load>
std::string refusal_of(Load load) {
  try {
    load();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

class GoldenTimesformer : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenTimesformer, TokensBlocksAndLogitsEqualTheReference) {
  const torch::NoGradGuard no_grad;
  const auto folder = io::ModelFolder::at(golden(GetParam()));
  const auto expected = io::Weights::open(golden(GetParam()) / "expected.safetensors");
  const auto model = load_model(folder, {});
  EXPECT_EQ(model->info().family, "timesformer");
  auto& tower = model->reader();
  EXPECT_EQ(tower.frames(), kFrames);
  const nn::Value clips{to_float(expected.at("images")), {.segments = {}, .frames = kFrames}};
  for (nn::Place place = 1; place < tower.pooled(); ++place) {
    const auto tokens = tower.run(clips, 0, place, {}).x;
    EXPECT_LT(relative_error(tokens, to_float(expected.at(tower.name_of(place)))), 1e-5) << tower.name_of(place);
  }
  const auto features = tower.encode(clips, {});
  EXPECT_LT(relative_error(features, to_float(expected.at("features"))), 1e-5);
  const auto weights = folder.open();
  const auto logits =
      at::linear(features, to_float(weights.at("classifier.weight")), to_float(weights.at("classifier.bias")));
  EXPECT_LT(relative_error(logits, to_float(expected.at("logits"))), 1e-5);
}

TEST_P(GoldenTimesformer, IsPreparedAsItsFolderSays) {
  const auto info = load_model(io::ModelFolder::at(golden(GetParam())), {})->info();
  EXPECT_EQ(info.preprocessing.output(), (data::Size{20, 20}));
  EXPECT_EQ(info.preprocessing.interpolation, data::Filter::bilinear);
  EXPECT_FLOAT_EQ(info.preprocessing.std[1], 0.225f);
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenTimesformer,
                         ::testing::Values("timesformer_divided", "timesformer_joint", "timesformer_space"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Timesformer, RefusesClipsOfOtherLengthsAndPhotosOfOtherSizes) {
  const auto checkpoint = tiny_timesformer_checkpoint();
  const nn::Value clips{testing::random_tensor({4, 3, 16, 16}, 1), {.segments = {}, .frames = 4}};
  EXPECT_THAT(refusal_of([&] { checkpoint.load()->reader().encode(clips, {}); }),
              HasSubstr("clips of 4 frames: expected 3"));
  EXPECT_THAT(refusal_of([&] { checkpoint.load({.image_size = 32}); }), HasSubstr("positions are not stretched"));
}

TEST(Timesformer, RefusesAConfigThatIsNotOfItsTensors) {
  const auto with = [](const nlohmann::json& keys) {
    auto checkpoint = tiny_timesformer_checkpoint();
    auto config = checkpoint.folder.config->value();
    config.update(keys);
    checkpoint.folder.config = io::JsonObject(config, "config.json");
    return refusal_of([&] { checkpoint.load(); });
  };
  EXPECT_THAT(with({{"num_frames", 8}}), HasSubstr("num_frames = 8, the tensors have 3"));
  EXPECT_THAT(with({{"attention_type", "joint_space_time"}}), HasSubstr("an attention over time"));
  EXPECT_THAT(with({{"attention_type", "axial"}}), HasSubstr("attention_type"));
  EXPECT_THAT(with({{"hidden_size", 48}}), HasSubstr("hidden_size = 48, the tensors have 24"));
  EXPECT_THAT(with({{"rotary", true}}), HasSubstr("rotary"));
}

TEST(Timesformer, OffersSitesOverTimeAndOverSpace) {
  const auto model = tiny_timesformer_checkpoint().load();
  EXPECT_EQ(model->joint("vision.blocks.1.temporal_attn").site().kind, nn::SiteKind::sublayer);
  EXPECT_EQ(model->joint("vision.blocks.1.temporal_attn.qkv").site().checkpoint,
            "timesformer.encoder.layer.1.temporal_attention.attention.qkv");
  EXPECT_EQ(model->joint("vision.blocks.0.attn").site().checkpoint, "timesformer.encoder.layer.0.attention.output");
  EXPECT_EQ(model->joint("vision.blocks.0.temporal_fc").site().kind, nn::SiteKind::linear);
  EXPECT_EQ(model->joint("vision.blocks.0.mlp.fc2").site().in, 28);
}

TEST(Timesformer, PackedPrecisionsComeClose) {
  const torch::NoGradGuard no_grad;
  const auto checkpoint = tiny_timesformer_checkpoint();
  const auto clips = checkpoint.examples(2, 1);
  const auto exact = checkpoint.load()->reader().encode(clips, {});
  for (const auto precision : {tensor::Precision::bf16, tensor::Precision::int8})
    EXPECT_LT(relative_error(checkpoint.load({.precision = precision})->reader().encode(clips, {}), exact), 0.05);
}

// The names that its authors' code gives.
TinyCheckpoint in_own_names() {
  auto checkpoint = tiny_timesformer_checkpoint();
  const std::pair<const char*, const char*> names[] = {
      {"timesformer.embeddings.cls_token", "cls_token"},
      {"timesformer.embeddings.position_embeddings", "pos_embed"},
      {"timesformer.embeddings.time_embeddings", "time_embed"},
      {"timesformer.embeddings.patch_embeddings.projection", "patch_embed.proj"},
      {"timesformer.encoder.layer", "blocks"},
      {"timesformer.layernorm", "norm"},
      {"temporal_attention.attention.qkv", "temporal_attn.qkv"},
      {"temporal_attention.output.dense", "temporal_attn.proj"},
      {"attention.attention.qkv", "attn.qkv"},
      {"attention.output.dense", "attn.proj"},
      {"temporal_dense", "temporal_fc"},
      {"layernorm_before", "norm1"},
      {"layernorm_after", "norm2"},
      {"temporal_layernorm", "temporal_norm1"},
      {"intermediate.dense", "mlp.fc1"},
      {"output.dense", "mlp.fc2"}};
  std::map<std::string, at::Tensor> renamed;
  for (const auto& [key, tensor] : checkpoint.tensors) {
    auto name = key;
    for (const auto& [theirs, own] : names)
      if (const auto at = name.find(theirs); at != name.npos) name.replace(at, std::string(theirs).size(), own);
    renamed["model." + name] = tensor;
  }
  checkpoint.tensors = renamed;
  checkpoint.folder.config.reset();
  return checkpoint;
}

TEST(Timesformer, TheSameWeightsHaveOneFingerprintInItsAuthorsNames) {
  const auto own = in_own_names().load({.told = {.heads = 2}});
  EXPECT_EQ(own->info().layout, "timesformer");
  EXPECT_EQ(own->info().fingerprint, tiny_timesformer_checkpoint().load()->info().fingerprint);
  EXPECT_EQ(own->reader().frames(), 3);
}

// A ViT as timm writes it: a class token, a norm behind the blocks, nothing else.
TinyCheckpoint plain_vit() {
  auto checkpoint = testing::tiny_vit_checkpoint();
  checkpoint.folder.config = io::JsonObject::parse(R"({
    "architecture": "vit_small_patch16_224",
    "model_args": {"embed_dim": 32, "depth": 3, "num_heads": 2, "patch_size": 8, "img_size": 24},
    "pretrained_cfg": {"input_size": [3, 24, 24], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}})",
                                                   "config.json");
  std::erase_if(checkpoint.tensors, [](const auto& each) {
    return each.first == "reg_token" || each.first.find(".ls") != std::string::npos;
  });
  checkpoint.tensors["pos_embed"] = testing::random_tensor({1, 10, 32}, 3, 0.5);
  return checkpoint;
}

LoadOptions made(int64_t frames) {
  return {.told = {.inflate = Inflate::timesformer, .inflate_frames = frames}};
}

TEST(TimesformerOfAVit, GivesAStandingPhotoThePhotosFeatures) {
  const torch::NoGradGuard no_grad;
  const auto photos = testing::tiny_images(2, 4);
  const auto vit = plain_vit().load();
  const auto model = plain_vit().load(made(4));
  EXPECT_EQ(model->info().family, "timesformer");
  EXPECT_EQ(model->reader().frames(), 4);
  EXPECT_EQ(plain_vit().load({.told = {.inflate = Inflate::timesformer}})->reader().frames(), 8);
  const nn::Value standing{photos.repeat_interleave(4, 0), {.segments = {}, .frames = 4}};
  for (nn::Place place = 1; place <= vit->reader().pooled(); ++place) {
    const auto clip = model->reader().rows(model->reader().run(standing, 0, place, {}));
    EXPECT_LT(relative_error(clip, vit->reader().rows(vit->reader().run({photos}, 0, place, {}))), 1e-5) << place;
  }
}

// DINOv2's ViTs have both: a LayerScale, which is folded in, and positions of larger photos than one has.
TEST(TimesformerOfAVit, HasItsLayerScaleAndItsPositionsAtAnotherSize) {
  const torch::NoGradGuard no_grad;
  const auto scaled = [] {
    auto checkpoint = testing::tiny_vit_checkpoint();
    std::erase_if(checkpoint.tensors, [](const auto& each) { return each.first == "reg_token"; });
    checkpoint.tensors["pos_embed"] = testing::random_tensor({1, 10, 32}, 3, 0.5);
    checkpoint.folder.config = io::JsonObject::parse(R"({
      "architecture": "vit_small_patch14_dinov2",
      "model_args": {"embed_dim": 32, "depth": 3, "num_heads": 2, "patch_size": 8, "img_size": 24},
      "pretrained_cfg": {"input_size": [3, 24, 24], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}})",
                                                     "config.json");
    return checkpoint;
  };
  for (const int64_t size : {24, 40}) {
    auto options = made(4);
    options.image_size = size;
    const auto vit = scaled().load({.image_size = size});
    const auto model = scaled().load(options);
    EXPECT_EQ(model->info().preprocessing.output().height, size);
    const auto photos = testing::random_tensor({2, 3, size, size}, 9, 1);
    const nn::Value standing{photos.repeat_interleave(4, 0), {.segments = {}, .frames = 4}};
    for (nn::Place place = 1; place <= vit->reader().pooled(); ++place) {
      const auto clip = model->reader().rows(model->reader().run(standing, 0, place, {}));
      EXPECT_LT(relative_error(clip, vit->reader().rows(vit->reader().run({photos}, 0, place, {}))), 1e-5) << place;
    }
  }
  // Attention over time starts as that over space, its scale with it.
  const auto model = scaled().load(made(4));
  const auto& tensors = model->named_parameters();
  for (const char* part : {"weight", "bias"}) {
    EXPECT_TRUE(at::equal(tensors[std::string("vision.blocks.1.temporal_attn.proj.") + part],
                          tensors[std::string("vision.blocks.1.attn.proj.") + part]))
        << part;
  }
}

// One block in: no attention over time yet, and a class token whose change is the mean of the frames'.
TEST(TimesformerOfAVit, BeforeTheFirstBlocksMlpItsClassTokenIsTheMeanOverFrames) {
  const torch::NoGradGuard no_grad;
  const auto without_mlp = [] {
    auto checkpoint = plain_vit();
    checkpoint.tensors["blocks.0.mlp.fc2.weight"].zero_();
    checkpoint.tensors["blocks.0.mlp.fc2.bias"].zero_();
    return checkpoint;
  };
  const auto vit = without_mlp().load();
  const auto model = without_mlp().load(made(4));
  const auto frames = testing::tiny_images(8, 4);
  const auto classes = vit->reader().rows(vit->reader().run({frames}, 0, 2, {}));
  const auto tokens = model->reader().run({frames, {.segments = {}, .frames = 4}}, 0, 2, {});
  EXPECT_LT(relative_error(model->reader().rows(tokens), classes.view({2, 4, -1}).mean(1)), 1e-5);
  // The patches of a frame are those of the image: its tokens do not mix with other frames'.
  const auto patches = vit->reader().run({frames}, 0, 2, {}).x.narrow(1, 1, 9);  // [B * T, N, D]
  const auto over_time = tokens.x.narrow(1, 1, 36).view({2, 9, 4, -1}).transpose(1, 2).reshape({8, 9, -1});
  EXPECT_LT(relative_error(over_time, patches), 1e-5);
}

TEST(TimesformerOfAVit, IsWrittenAndReadBackInItsAuthorsNames) {
  const torch::NoGradGuard no_grad;
  const auto model = plain_vit().load(made(3));
  auto written = plain_vit();
  written.tensors = model->to_checkpoint();
  EXPECT_TRUE(written.tensors.contains("blocks.2.temporal_norm1.weight"));
  const auto back = written.load();
  EXPECT_EQ(back->info().family, "timesformer");
  EXPECT_EQ(back->info().fingerprint, model->info().fingerprint);
  EXPECT_FLOAT_EQ(back->info().preprocessing.mean[0], 0.5f);
  const nn::Value clips{testing::tiny_images(6, 4), {.segments = {}, .frames = 3}};
  EXPECT_TRUE(at::equal(back->reader().encode(clips, {}), model->reader().encode(clips, {})));
}

TEST(TimesformerOfAVit, RefusesModelsOfOtherTokensAndOtherFamilies) {
  EXPECT_THAT(refusal_of([] { testing::tiny_vit_checkpoint().load(made(3)); }), HasSubstr("expected a plain ViT"));
  EXPECT_THAT(refusal_of([] { testing::tiny_clip_checkpoint().load(made(3)); }),
              HasSubstr("--inflate timesformer: tiny-clip is of the family clip"));
  EXPECT_THAT(refusal_of([] { plain_vit().load(made(0)); }), HasSubstr("--inflate-frames 0"));
  EXPECT_THAT(refusal_of([] { plain_vit().load({.told = {.inflate_frames = 3}}); }), HasSubstr("--inflate-frames"));
}

}  // namespace
}  // namespace graft::models
