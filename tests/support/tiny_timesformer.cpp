#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/tiny_maker.h"
#include "tests/support/tiny_models.h"

namespace graft::testing {
namespace {

constexpr int64_t kPatch = 8, kGrid = 2, kWidth = 24, kHidden = 28, kBlocks = 2, kFrames = 3;

}  // namespace

TinyCheckpoint tiny_timesformer_checkpoint(uint64_t seed) {
  TinyCheckpoint checkpoint;
  checkpoint.folder.path = "tiny-timesformer";
  checkpoint.folder.config = io::JsonObject::parse(R"({
    "model_type": "timesformer", "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 28, "image_size": 16, "patch_size": 8, "num_frames": 3,
    "attention_type": "divided_space_time"})",
                                                   "config.json");
  checkpoint.folder.preprocessor_config = io::JsonObject::parse(R"({
    "image_processor_type": "VideoMAEImageProcessor", "size": {"shortest_edge": 16},
    "crop_size": {"height": 16, "width": 16}, "image_mean": [0.45, 0.45, 0.45], "image_std": [0.225, 0.225, 0.225]})",
                                                                "preprocessor_config.json");
  TinyMaker make(checkpoint, seed);
  const std::string embeddings = "timesformer.embeddings.";
  make.normal(embeddings + "cls_token", {1, 1, kWidth}, 0.5);
  make.normal(embeddings + "position_embeddings", {1, 1 + kGrid * kGrid, kWidth}, 0.5);
  make.normal(embeddings + "time_embeddings", {1, kFrames, kWidth}, 0.5);
  make.normal(embeddings + "patch_embeddings.projection.weight", {kWidth, 3, kPatch, kPatch}, 0.1);
  make.bias(embeddings + "patch_embeddings.projection.bias", kWidth);
  for (int64_t k = 0; k < kBlocks; ++k) {
    const auto block = "timesformer.encoder.layer." + std::to_string(k) + ".";
    for (const std::string norm : {"temporal_layernorm", "layernorm_before", "layernorm_after"})
      make.norm(block + norm, kWidth);
    for (const std::string attention : {"temporal_attention.", "attention."}) {
      make.linear(block + attention + "attention.qkv", 3 * kWidth, kWidth);
      make.linear(block + attention + "output.dense", kWidth, kWidth);
    }
    make.linear(block + "temporal_dense", kWidth, kWidth);
    make.linear(block + "intermediate.dense", kHidden, kWidth);
    make.linear(block + "output.dense", kWidth, kHidden);
  }
  make.norm("timesformer.layernorm", kWidth);
  checkpoint.examples = [](int64_t count, uint64_t of) -> nn::Value {
    return {random_tensor({count * kFrames, 3, kGrid * kPatch, kGrid * kPatch}, of),
            {.segments = {}, .frames = kFrames}};
  };
  return checkpoint;
}

}  // namespace graft::testing
