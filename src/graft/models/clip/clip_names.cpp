#include "graft/models/clip/clip_names.h"

namespace graft::models::clip {
namespace {

// OpenAI's names, which open_clip kept.
constexpr Names kOpenClip = {
    .layout = "open_clip",
    .cls = "visual.class_embedding",
    .patch = "visual.conv1.weight",
    .norm_pre = "visual.ln_pre",
    .vision = {"visual.positional_embedding", "visual.transformer.resblocks.", "visual.ln_post", "visual.proj"},
    .words = "token_embedding.weight",
    .text = {"positional_embedding", "transformer.resblocks.", "ln_final", "text_projection"},
    .block = {.norm1 = "ln_1",
              .norm2 = "ln_2",
              .qkv = "attn",
              .proj = "attn.out_proj",
              .fc1 = "mlp.c_fc",
              .fc2 = "mlp.c_proj",
              .scale1 = "ls_1.gamma",
              .scale2 = "ls_2.gamma",
              .multihead = true},
    .proj_is_linear = false,
};

constexpr Names kTransformers = {
    .layout = "hf",
    .cls = "vision_model.embeddings.class_embedding",
    .patch = "vision_model.embeddings.patch_embedding.weight",
    .norm_pre = "vision_model.pre_layrnorm",  // transformers' spelling
    .vision = {"vision_model.embeddings.position_embedding.weight", "vision_model.encoder.layers.",
               "vision_model.post_layernorm", "visual_projection"},
    .words = "text_model.embeddings.token_embedding.weight",
    .text = {"text_model.embeddings.position_embedding.weight", "text_model.encoder.layers.",
             "text_model.final_layer_norm", "text_projection"},
    .block = {.norm1 = "layer_norm1",
              .norm2 = "layer_norm2",
              .qkv = nullptr,
              .q = "self_attn.q_proj",
              .k = "self_attn.k_proj",
              .v = "self_attn.v_proj",
              .proj = "self_attn.out_proj",
              .fc1 = "mlp.fc1",
              .fc2 = "mlp.fc2"},
    .proj_is_linear = true,
};

}  // namespace

const Names* find_names(const io::Weights& weights) {
  for (const auto* names : {&kOpenClip, &kTransformers}) {
    const auto& tensors = weights.tensors();
    if (tensors.contains(names->patch) && tensors.contains(names->words) && tensors.contains(names->cls)) return names;
  }
  return nullptr;
}

}  // namespace graft::models::clip
