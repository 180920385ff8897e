#include "graft/models/vit/vit_names.h"

namespace graft::models::vit {
namespace {

constexpr const char* kPrefixes[] = {"",      "backbone.", "vit.",  "dinov2.", "dinov2_with_registers.",
                                     "deit.", "ijepa.",    "model."};

// timm, DINO and DINOv2's own code.
constexpr BlockNames kFused = {.norm1 = "norm1",
                               .norm2 = "norm2",
                               .qkv = "attn.qkv",
                               .proj = "attn.proj",
                               .fc1 = "mlp.fc1",
                               .fc2 = "mlp.fc2",
                               .scale1 = "ls1.gamma",
                               .scale2 = "ls2.gamma"};

// transformers' ViT as published, and as transformers 5 holds it in memory.
constexpr BlockNames kVit = {.norm1 = "layernorm_before",
                             .norm2 = "layernorm_after",
                             .qkv = nullptr,
                             .q = "attention.attention.query",
                             .k = "attention.attention.key",
                             .v = "attention.attention.value",
                             .proj = "attention.output.dense",
                             .fc1 = "intermediate.dense",
                             .fc2 = "output.dense"};
constexpr BlockNames kVitInMemory = {.norm1 = "layernorm_before",
                                     .norm2 = "layernorm_after",
                                     .qkv = nullptr,
                                     .q = "attention.q_proj",
                                     .k = "attention.k_proj",
                                     .v = "attention.v_proj",
                                     .proj = "attention.o_proj",
                                     .fc1 = "mlp.fc1",
                                     .fc2 = "mlp.fc2"};

// transformers' DINOv2, in the same two spellings.
constexpr BlockNames kDinov2 = {.norm1 = "norm1",
                                .norm2 = "norm2",
                                .qkv = nullptr,
                                .q = "attention.attention.query",
                                .k = "attention.attention.key",
                                .v = "attention.attention.value",
                                .proj = "attention.output.dense",
                                .fc1 = "mlp.fc1",
                                .fc2 = "mlp.fc2",
                                .scale1 = "layer_scale1.lambda1",
                                .scale2 = "layer_scale2.lambda1"};
constexpr BlockNames kDinov2InMemory = {.norm1 = "norm1",
                                        .norm2 = "norm2",
                                        .qkv = nullptr,
                                        .q = "attention.q_proj",
                                        .k = "attention.k_proj",
                                        .v = "attention.v_proj",
                                        .proj = "attention.o_proj",
                                        .fc1 = "mlp.fc1",
                                        .fc2 = "mlp.fc2",
                                        .scale1 = "layer_scale1.lambda1",
                                        .scale2 = "layer_scale2.lambda1"};

constexpr Names fused(const char* registers) {
  return {"timm",     "cls_token", "dist_token", registers, "pos_embed", "patch_embed.proj",
          "norm_pre", "norm",      "blocks.",    kFused};
}

constexpr Names transformers(const char* blocks, const BlockNames& block) {
  return {"hf",
          "embeddings.cls_token",
          "embeddings.distillation_token",
          "embeddings.register_tokens",
          "embeddings.position_embeddings",
          "embeddings.patch_embeddings.projection",
          "",
          "layernorm",
          blocks,
          block};
}

constexpr Names kAll[] = {fused("reg_token"), transformers("encoder.layer.", kVit),
                          transformers("layers.", kVitInMemory), transformers("encoder.layer.", kDinov2),
                          transformers("encoder.layer.", kDinov2InMemory)};
constexpr Names kOwnDinov2 = fused("register_tokens");

}  // namespace

std::optional<Found> find_names(const io::Weights& weights) {
  const auto& tensors = weights.tensors();
  for (const std::string prefix : kPrefixes) {
    for (const auto& names : kAll) {
      const std::string block = prefix + names.blocks + "0.";
      if (!tensors.contains(prefix + names.patch + ".weight") ||
          !tensors.contains(block + names.block.proj + ".weight") ||
          !tensors.contains(block + names.block.fc1 + ".weight") ||
          !tensors.contains(block + names.block.norm1 + ".weight")) {
        continue;
      }
      const bool own = tensors.contains(prefix + kOwnDinov2.registers);
      return Found{own ? &kOwnDinov2 : &names, prefix};
    }
  }
  return std::nullopt;
}

}  // namespace graft::models::vit
