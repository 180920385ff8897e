#include "graft/models/vit/vit_settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "graft/core/error.h"
#include "graft/models/preprocessing.h"
#include "graft/models/transformers_keys.h"
#include "graft/models/vit/timm_config.h"

namespace graft::models::vit {
namespace {

using io::JsonObject;
using tensor::Activation;

constexpr const char* kUnknown = "It could change the features, so nothing was loaded.";

data::Preprocessing half_and_half(data::Preprocessing preprocessing) {
  preprocessing.mean = preprocessing.std = {0.5f, 0.5f, 0.5f};
  return preprocessing;
}

void expect_equal(const JsonObject& config, const char* key, int64_t got, std::vector<std::string>& wrong) {
  const auto said = config.find<int64_t>(key);
  if (said && *said != got) wrong.push_back(fmt::format("{} = {}, the tensors have {}", key, *said, got));
}

void read_transformers(const JsonObject& config, const Shape& shape, Settings& settings) {
  // `model_type` tells the defaults; these are the models that are this tower.
  config.expect("model_type", {"vit", "deit", "vit_mae", "vit_msn", "ijepa", "dinov2", "dinov2_with_registers"},
                "graft does not know this architecture.");
  const auto type = config.get<std::string>("model_type", "");
  if (!type.empty()) settings.eps = type == "vit_msn" || type.starts_with("dinov2") ? 1e-6 : 1e-12;
  settings.eps = config.get("layer_norm_eps", settings.eps);
  settings.heads = config.get("num_attention_heads", int64_t{12});
  settings.depth = config.get("num_hidden_layers", int64_t{12});
  settings.activation = transformers_activation(config, "hidden_act");
  settings.image = pixels_of(config, "image_size");
  config.expect("use_swiglu_ffn", {false}, "SwiGLU blocks are not supported.");
  config.expect("num_channels", {3}, "graft reads photos, of three channels.");
  std::vector<std::string> wrong;
  expect_equal(config, "hidden_size", shape.width, wrong);
  expect_equal(config, "num_hidden_layers", shape.depth, wrong);
  expect_equal(config, "num_register_tokens", shape.registers, wrong);
  const auto patch = pixels_of(config, "patch_size");
  if (patch && (patch->rows != shape.patch || patch->columns != shape.patch)) {
    wrong.push_back(fmt::format("patch_size = {}, the tensors have {}", patch->rows, shape.patch));
  }
  if (!wrong.empty()) {
    throw ModelError("vit", "{} is not of this checkpoint:\n  {}", config.file(), fmt::join(wrong, "\n  "));
  }
  ignore_transformers_keys(config);
  // Told by the tensors: qkv_bias, mlp_ratio, intermediate_size. Of training, of heads and of what is handed back: the
  // rest.
  config.ignore({"qkv_bias",
                 "mlp_ratio",
                 "intermediate_size",
                 "layerscale_value",
                 "drop_path_rate",
                 "encoder_stride",
                 "pooler_output_size",
                 "pooler_act",
                 "decoder_*",
                 "mask_ratio",
                 "norm_pix_loss",
                 "use_mask_token",
                 "apply_layernorm",
                 "reshape_hidden_states",
                 "out_features",
                 "out_indices",
                 "stage_names",
                 "num_labels",
                 "semantic_loss_ignore_index",
                 "use_cls_token",
                 "bos_token_id",
                 "eos_token_id",
                 "pad_token_id",
                 "cross_attention_hidden_size",
                 "is_encoder_decoder",
                 "is_decoder"});
  config.refuse_unread("vit", kUnknown);
}

// What a lone timm checkpoint can be is told by the models that have its shape.
void read_lone(const Shape& shape, Settings& settings) {
  const auto alike = timm_architectures_like(shape.width, shape.depth, shape.traits, shape.registers);
  const bool of_clip = shape.has(kNormPre);
  if (alike.empty()) {
    if (of_clip) settings.eps = 1e-5;
    return;
  }
  settings.eps = alike.front()->eps;
  const auto same = [&](const auto* each) { return each->activation == alike.front()->activation; };
  if (std::ranges::all_of(alike, same)) settings.activation = alike.front()->activation;
}

}  // namespace

Shape shape_of(const CheckpointReader& reader, const Names& names) {
  const auto has = [&](const std::string& name) { return *name.c_str() && reader.has(name); };
  const auto block = std::string(names.blocks) + "0.";
  const auto patch = sizes_of(reader, std::string(names.patch) + ".weight", 4);  // [D, channels, p, p]
  if (patch[2] != patch[3]) {
    throw ModelError("vit", "{}: expected square patches [D, 3, p, p], got [{}].", reader.full(names.patch),
                     fmt::join(patch, ", "));
  }
  Shape shape;
  shape.width = patch[0];
  shape.channels = patch[1];
  shape.patch = patch[2];
  shape.depth = reader.count(names.blocks);
  shape.positions = sizes_of(reader, names.positions, 3)[1];  // [1, rows, D]
  if (has(names.registers)) shape.registers = sizes_of(reader, names.registers, 3)[1];
  shape.fc_norm = has("fc_norm.weight");
  shape.mask_token = has("mask_token") || has("embeddings.mask_token");
  const auto trait = [&](Trait which, bool there) { shape.traits |= there ? which : 0u; };
  trait(kClass, has(names.cls));
  trait(kDistilled, has(names.distillation));
  trait(kNormPre, *names.norm_pre && has(std::string(names.norm_pre) + ".weight"));
  trait(kFinalNorm, shape.fc_norm || has(std::string(names.norm) + ".weight"));
  trait(kScale, names.block.scale1 && has(block + names.block.scale1));
  trait(kQkvBias, has(block + (names.block.qkv ? names.block.qkv : names.block.q) + ".bias"));
  return shape;
}

Settings settings_of(const io::ModelFolder& folder, const CheckpointReader& reader, const Names& names,
                     const Shape& shape, int trained) {
  Settings settings;
  settings.layout = names.layout;
  const bool transformers = settings.layout == "hf";
  const bool scaled = shape.has(kScale), registers = shape.registers > 0;
  // DINOv2 is trained at 518 pixels and used at 224.
  const int usual = 224 % shape.patch == 0 ? 224 : trained;
  if (shape.fc_norm)
    settings.pooling = Pooling::patch_mean;
  else if (!shape.has(kClass))
    settings.pooling = Pooling::normed_patch_mean;
  else if (shape.has(kDistilled) && !transformers)
    settings.pooling = Pooling::class_and_distillation;

  if (transformers) {
    // transformers stretches DINOv2 with registers antialiased, everything else not.
    settings.stretch = registers ? nn::Stretch::antialiased : nn::Stretch::bicubic;
    settings.eps = scaled ? 1e-6 : 1e-12;
    settings.preprocessing = scaled ? imagenet_preprocessing(usual) : half_and_half(clip_preprocessing(trained));
    settings.preprocessing.crop_rounding = data::CropRounding::transformers;
    if (folder.config)
      read_transformers(*folder.config, shape, settings);
    else
      settings.notes.push_back({"no config.json: GELU and the usual heads of this width assumed"});
  } else if (folder.config) {
    read_timm(*folder.config, shape, settings);
  } else if (shape.mask_token) {
    settings.layout = "dinov2";
    settings.stretch = registers ? nn::Stretch::antialiased : nn::Stretch::offset;
    settings.preprocessing = imagenet_preprocessing(usual);
  } else if (!reader.has("head.weight") && !registers && !scaled && settings.pooling == Pooling::class_token &&
             !shape.has(kNormPre)) {
    settings.layout = "dino";
    settings.stretch = nn::Stretch::offset;
    settings.preprocessing = imagenet_preprocessing(trained);
    settings.notes.push_back({"no config.json and no classifier: taken for DINO's own checkpoint"});
  } else {
    settings.preprocessing = half_and_half(clip_preprocessing(trained));
    read_lone(shape, settings);
    const bool tanh = settings.activation == Activation::gelu_tanh;
    settings.notes.push_back(
        {fmt::format("no config.json: {}, the heads of timm's models of this shape, mean and std 0.5 "
                     "assumed",
                     tanh ? "GELU by tanh" : "GELU")});
  }
  if (folder.preprocessor_config) {
    settings.preprocessing =
        transformers_preprocessing(*folder.preprocessor_config, scaled ? "BitImageProcessor" : "ViTImageProcessor");
  } else if (transformers) {
    settings.notes.push_back({"no preprocessor_config.json: the family's usual size, mean and std assumed"});
  }
  return settings;
}

int64_t heads_of(const Shape& shape, const std::string& checkpoint) {
  std::set<int64_t> counts;
  std::vector<std::string> models;
  for (const auto* each : timm_architectures_like(shape.width, shape.depth, shape.traits, shape.registers)) {
    if (counts.insert(each->heads).second) models.push_back(fmt::format("{} of {}", each->heads, each->name));
  }
  constexpr const char* kWayOn = "A config.json beside the weights says how many.";
  if (counts.size() > 1) {
    throw ModelError("vit", "{}: its tensors do not tell its heads: {} wide it may have {}. {}", checkpoint,
                     shape.width, fmt::join(models, " or "), kWayOn);
  }
  if (counts.size() == 1) return *counts.begin();
  if (shape.width % 64 != 0) {
    throw ModelError("vit", "{}: its tensors do not tell its heads: heads of width 64 do not divide a width of {}. {}",
                     checkpoint, shape.width, kWayOn);
  }
  return shape.width / 64;
}

}  // namespace graft::models::vit
