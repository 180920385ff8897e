#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "tests/support/tiny_maker.h"
#include "tests/support/tiny_models.h"

namespace graft::testing {
namespace {

constexpr int64_t kPatch = 8, kGrid = 3, kWidth = 32, kHidden = 40, kBlocks = 3, kRegisters = 2;

}  // namespace

TinyCheckpoint tiny_vit_checkpoint(uint64_t seed) {
  TinyCheckpoint checkpoint;
  checkpoint.folder.path = "tiny-vit";
  checkpoint.folder.config = io::JsonObject::parse(R"({
    "architecture": "vit_small_patch14_reg4_dinov2",
    "model_args": {"embed_dim": 32, "depth": 3, "num_heads": 2, "patch_size": 8, "img_size": 24, "reg_tokens": 2},
    "pretrained_cfg": {"input_size": [3, 24, 24], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
                       "interpolation": "bicubic", "crop_pct": 1.0}})",
                                                   "config.json");
  TinyMaker make(checkpoint, seed);
  make.normal("cls_token", {1, 1, kWidth}, 0.5);
  make.normal("reg_token", {1, kRegisters, kWidth}, 0.5);
  make.normal("pos_embed", {1, kGrid * kGrid, kWidth}, 0.5);
  make.normal("patch_embed.proj.weight", {kWidth, 3, kPatch, kPatch}, 0.1);
  make.bias("patch_embed.proj.bias", kWidth);
  for (int64_t k = 0; k < kBlocks; ++k) {
    const auto block = "blocks." + std::to_string(k) + ".";
    make.norm(block + "norm1", kWidth);
    make.linear(block + "attn.qkv", 3 * kWidth, kWidth);
    make.linear(block + "attn.proj", kWidth, kWidth);
    make.normal(block + "ls1.gamma", {kWidth}, 0.2, 0.7);
    make.norm(block + "norm2", kWidth);
    make.linear(block + "mlp.fc1", kHidden, kWidth);
    make.linear(block + "mlp.fc2", kWidth, kHidden);
    make.normal(block + "ls2.gamma", {kWidth}, 0.2, 0.7);
  }
  make.norm("norm", kWidth);
  checkpoint.examples = [](int64_t count, uint64_t of) -> nn::Value { return {tiny_images(count, of)}; };
  return checkpoint;
}

}  // namespace graft::testing
