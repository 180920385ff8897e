#include "graft/models/vit/vit_settings.h"

#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/models/preprocessing.h"

namespace graft::models::vit {
namespace {

using nlohmann::json;

tensor::Activation activation_named(const std::string& name) {
  if (name == "gelu") return tensor::Activation::gelu;
  if (name == "quick_gelu" || name == "quickgelu") return tensor::Activation::quick_gelu;
  if (name == "gelu_tanh" || name == "gelu_pytorch_tanh" || name == "gelu_new") return tensor::Activation::gelu_tanh;
  if (name == "relu") return tensor::Activation::relu;
  if (name == "silu" || name == "swish") return tensor::Activation::silu;
  throw ModelError("vit", "activation '{}' is not known: expected gelu, quick_gelu, gelu_tanh, relu or silu.", name);
}

nn::Grid size_of(const json& value) {
  if (value.is_number()) return {value.get<int64_t>(), value.get<int64_t>()};
  if (value.is_array() && value.size() >= 2) {  // [H, W], or timm's [3, H, W]
    return {value[value.size() - 2].get<int64_t>(), value[value.size() - 1].get<int64_t>()};
  }
  throw ModelError("vit", "an image size that graft cannot read: {}.", value.dump());
}

data::Preprocessing half_and_half(data::Preprocessing preprocessing) {
  preprocessing.mean = preprocessing.std = {0.5f, 0.5f, 0.5f};
  return preprocessing;
}

void read_transformers(const json& config, Settings& settings) {
  settings.heads = config.value("num_attention_heads", settings.heads);
  settings.depth = config.value("num_hidden_layers", settings.depth);
  settings.activation = activation_named(config.value("hidden_act", "gelu"));
  settings.eps = config.value("layer_norm_eps", settings.eps);
  if (config.contains("image_size")) settings.image = size_of(config["image_size"]);
  if (config.value("use_swiglu_ffn", false))
    throw ModelError("vit", "SwiGLU blocks (use_swiglu_ffn) are not supported.");
}

// timm: {"architecture": ..., "global_pool": ..., "model_args": {...}, "pretrained_cfg": {...}}
void read_timm(const json& config, Settings& settings) {
  const auto args = config.value("model_args", json::object());
  settings.heads = args.value("num_heads", config.value("num_heads", settings.heads));
  settings.depth = args.value("depth", settings.depth);
  if (args.contains("act_layer") && args["act_layer"].is_string()) {
    settings.activation = activation_named(args["act_layer"].get<std::string>());
  } else if (config.value("architecture", "").find("quickgelu") != std::string::npos) {
    settings.activation = tensor::Activation::quick_gelu;
  }
  const auto pretrained = config.value("pretrained_cfg", json::object());
  if (args.contains("img_size"))
    settings.image = size_of(args["img_size"]);
  else if (pretrained.contains("input_size"))
    settings.image = size_of(pretrained["input_size"]);
  const auto pool = args.value("global_pool", config.value("global_pool", "token"));
  if (pool == "avg" && settings.pooling == Pooling::class_token) settings.pooling = Pooling::normed_patch_mean;
  if (pool != "avg" && pool != "token") throw ModelError("vit", "global_pool '{}': expected token or avg.", pool);
  if (!pretrained.empty()) settings.preprocessing = timm_preprocessing(pretrained, settings.preprocessing);
}

}  // namespace

Settings settings_of(const io::ModelFolder& folder, const CheckpointReader& reader, const Names& names, int trained) {
  Settings settings;
  settings.layout = names.layout;
  const bool transformers = settings.layout == "hf";
  const bool scaled = names.block.scale1 && reader.has(std::string(names.blocks) + "0." + names.block.scale1);
  const bool masked = reader.has("mask_token") || reader.has("embeddings.mask_token");
  const bool registers = reader.has(names.registers);
  // DINOv2 is trained at 518 pixels and used at 224.
  const int usual = 224 % sizes_of(reader, std::string(names.patch) + ".weight", 4)[2] == 0 ? 224 : trained;
  if (reader.has("fc_norm.weight"))
    settings.pooling = Pooling::patch_mean;
  else if (!reader.has(names.cls))
    settings.pooling = Pooling::normed_patch_mean;
  if (*names.norm_pre && reader.has(std::string(names.norm_pre) + ".weight"))
    settings.eps = 1e-5;  // timm's CLIP towers

  if (transformers) {
    // transformers stretches DINOv2 with registers antialiased, everything else not.
    settings.stretch = registers ? nn::Stretch::antialiased : nn::Stretch::bicubic;
    settings.eps = scaled ? 1e-6 : 1e-12;
    settings.preprocessing = scaled ? imagenet_preprocessing(usual) : half_and_half(clip_preprocessing(trained));
    if (folder.config)
      read_transformers(folder.config->value(), settings);
    else
      settings.notes.push_back({"no config.json: GELU and heads of width 64 assumed"});
  } else if (folder.config) {
    settings.preprocessing = imagenet_preprocessing(trained);
    read_timm(folder.config->value(), settings);
  } else if (masked) {
    settings.layout = "dinov2";
    settings.stretch = registers ? nn::Stretch::antialiased : nn::Stretch::offset;
    settings.preprocessing = imagenet_preprocessing(usual);
  } else if (!reader.has("head.weight") && !registers && !scaled && settings.pooling == Pooling::class_token &&
             settings.eps == 1e-6) {
    settings.layout = "dino";
    settings.stretch = nn::Stretch::offset;
    settings.preprocessing = imagenet_preprocessing(trained);
    settings.notes.push_back({"no config.json and no classifier: taken for DINO's own checkpoint"});
  } else {
    settings.preprocessing = half_and_half(clip_preprocessing(trained));
    settings.notes.push_back({"no config.json: GELU, heads of width 64, mean and std 0.5 assumed"});
  }
  if (folder.preprocessor_config) {
    settings.preprocessing =
        transformers_preprocessing(*folder.preprocessor_config, scaled ? "BitImageProcessor" : "ViTImageProcessor");
  } else if (transformers) {
    settings.notes.push_back({"no preprocessor_config.json: the family's usual size, mean and std assumed"});
  }
  return settings;
}

}  // namespace graft::models::vit
