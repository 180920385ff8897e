#include <torch/types.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/support/tiny_maker.h"
#include "tests/support/tiny_models.h"

namespace graft::testing {
namespace {

constexpr int64_t kPatch = 8, kGrid = 3, kWidth = 32, kHidden = 40, kBlocks = 3;
constexpr int64_t kTextWidth = 16, kTextHidden = 24, kTextBlocks = 2, kContext = 24, kVocabulary = 49408;
constexpr int64_t kJoint = 12;

void clip_block(TinyMaker& make, const std::string& block, int64_t width, int64_t hidden) {
  make.norm(block + "ln_1", width);
  make.matrix(block + "attn.in_proj_weight", 3 * width, width);
  make.bias(block + "attn.in_proj_bias", 3 * width);
  make.linear(block + "attn.out_proj", width, width);
  make.norm(block + "ln_2", width);
  make.linear(block + "mlp.c_fc", hidden, width);
  make.linear(block + "mlp.c_proj", width, hidden);
}

}  // namespace

TinyCheckpoint tiny_clip_checkpoint(uint64_t seed) {
  TinyCheckpoint checkpoint;
  checkpoint.folder.path = "tiny-clip";
  checkpoint.folder.open_clip_config = io::JsonObject::parse(R"({
    "model_cfg": {"embed_dim": 12, "quick_gelu": true,
                  "vision_cfg": {"image_size": 24, "layers": 3, "width": 32, "head_width": 16, "patch_size": 8},
                  "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2}}})",
                                                             "open_clip_config.json");
  TinyMaker make(checkpoint, seed);
  make.normal("visual.conv1.weight", {kWidth, 3, kPatch, kPatch}, 0.1);
  make.normal("visual.class_embedding", {kWidth}, 0.5);
  make.normal("visual.positional_embedding", {1 + kGrid * kGrid, kWidth}, 0.5);
  make.norm("visual.ln_pre", kWidth);
  for (int64_t k = 0; k < kBlocks; ++k) {
    clip_block(make, "visual.transformer.resblocks." + std::to_string(k) + ".", kWidth, kHidden);
  }
  make.norm("visual.ln_post", kWidth);
  make.normal("visual.proj", {kWidth, kJoint}, 1 / std::sqrt(double(kWidth)));
  make.normal("token_embedding.weight", {kVocabulary, kTextWidth}, 0.5);
  make.normal("positional_embedding", {kContext, kTextWidth}, 0.5);
  for (int64_t k = 0; k < kTextBlocks; ++k) {
    clip_block(make, "transformer.resblocks." + std::to_string(k) + ".", kTextWidth, kTextHidden);
  }
  make.norm("ln_final", kTextWidth);
  make.normal("text_projection", {kTextWidth, kJoint}, 1 / std::sqrt(double(kTextWidth)));
  checkpoint.tensors["logit_scale"] = at::scalar_tensor(std::log(20.0));
  checkpoint.examples = [](int64_t count, uint64_t of) -> nn::Value { return {tiny_images(count, of)}; };
  return checkpoint;
}

}  // namespace graft::testing
