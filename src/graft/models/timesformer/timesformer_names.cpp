#include "graft/models/timesformer/timesformer_names.h"

namespace graft::models::timesformer {
namespace {

constexpr BlockNames kTransformers = {.norm1 = "layernorm_before",
                                      .norm2 = "layernorm_after",
                                      .qkv = "attention.attention.qkv",
                                      .proj = "attention.output.dense",
                                      .fc1 = "intermediate.dense",
                                      .fc2 = "output.dense"};
constexpr BlockNames kTransformersTemporal = {.norm1 = "temporal_layernorm",
                                              .norm2 = "",
                                              .qkv = "temporal_attention.attention.qkv",
                                              .proj = "temporal_attention.output.dense",
                                              .fc1 = "",
                                              .fc2 = ""};
constexpr BlockNames kOwn = {
    .norm1 = "norm1", .norm2 = "norm2", .qkv = "attn.qkv", .proj = "attn.proj", .fc1 = "mlp.fc1", .fc2 = "mlp.fc2"};
constexpr BlockNames kOwnTemporal = {.norm1 = "temporal_norm1",
                                     .norm2 = "",
                                     .qkv = "temporal_attn.qkv",
                                     .proj = "temporal_attn.proj",
                                     .fc1 = "",
                                     .fc2 = ""};

constexpr Names kHub = {"hf",
                        "embeddings.cls_token",
                        "embeddings.position_embeddings",
                        "embeddings.time_embeddings",
                        "embeddings.patch_embeddings.projection",
                        "layernorm",
                        "encoder.layer.",
                        kTransformers,
                        kTransformersTemporal,
                        "temporal_dense"};
constexpr Names kAuthors = {"timesformer", "cls_token", "pos_embed", "time_embed", "patch_embed.proj",
                            "norm",        "blocks.",   kOwn,        kOwnTemporal, "temporal_fc"};

}  // namespace

const Names& own_names() {
  return kAuthors;
}

std::optional<Found> find_names(const io::Weights& weights) {
  const auto& tensors = weights.tensors();
  const auto has = [&](const std::string& prefix, const Names& names) {
    return tensors.contains(prefix + names.patch + ".weight") &&
           tensors.contains(prefix + names.blocks + "0." + names.block.qkv + ".weight") &&
           tensors.contains(prefix + names.blocks + "0." + names.block.norm1 + ".weight");
  };
  for (const std::string prefix : {"", "timesformer."})
    if (has(prefix, kHub)) return Found{&kHub, prefix};
  for (const std::string prefix : {"", "model."})
    if (has(prefix, kAuthors) && tensors.contains(prefix + kAuthors.time)) return Found{&kAuthors, prefix};
  return std::nullopt;
}

}  // namespace graft::models::timesformer
