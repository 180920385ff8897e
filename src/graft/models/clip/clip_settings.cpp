#include "graft/models/clip/clip_settings.h"

#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/models/preprocessing.h"

namespace graft::models::clip {
namespace {

using nlohmann::json;

tensor::Activation activation_named(const std::string& name) {
  if (name == "quick_gelu") return tensor::Activation::quick_gelu;
  if (name == "gelu") return tensor::Activation::gelu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new") return tensor::Activation::gelu_tanh;
  throw ModelError("clip", "hidden_act '{}' is not known: expected quick_gelu, gelu or gelu_pytorch_tanh.", name);
}

void refuse_variants(const json& config, const char* tower) {
  constexpr const char* kFlags[] = {"attentional_pool",    "no_ln_pre",        "qk_norm",        "scaled_cosine_attn",
                                    "scale_heads",         "scale_attn_inner", "scale_attn",     "scale_fc",
                                    "final_ln_after_pool", "embed_cls",        "no_causal_mask", "proj_bias",
                                    "timm_model_name",     "hf_model_name",    "norm_kwargs",    "act_kwargs"};
  for (const auto* flag : kFlags) {
    if (!config.contains(flag)) continue;
    const auto& value = config[flag];
    const bool off = value.is_null() || value == false || (value.is_object() && value.empty()) || value == "";
    if (!off)
      throw ModelError("clip", "{}.{} = {}: this kind of open_clip model is not supported.", tower, flag, value.dump());
  }
  const auto pool = config.value("pool_type", "");
  if (!pool.empty() && pool != "tok" && pool != "argmax") {
    throw ModelError("clip", "{}.pool_type = {}: expected tok or argmax.", tower, pool);
  }
}

void read_open_clip(const json& file, Settings& settings) {
  const auto& config = file.contains("model_cfg") ? file["model_cfg"] : file;
  const auto vision = config.value("vision_cfg", json::object()), text = config.value("text_cfg", json::object());
  refuse_variants(vision, "vision_cfg");
  refuse_variants(text, "text_cfg");
  const auto activation = config.value("quick_gelu", false) ? tensor::Activation::quick_gelu : tensor::Activation::gelu;
  settings.vision_activation = settings.text_activation = activation;
  settings.vision_heads = vision.value("width", int64_t{768}) / vision.value("head_width", int64_t{64});
  settings.text_heads = text.value("heads", int64_t{8});
  settings.vision_depth = vision.value("layers", settings.vision_depth);
  settings.text_depth = text.value("layers", settings.text_depth);
  if (file.contains("preprocess_cfg")) {
    settings.preprocessing = open_clip_preprocessing(file["preprocess_cfg"], settings.preprocessing);
  }
}

void read_transformers(const json& config, Settings& settings) {
  const auto vision = config.value("vision_config", json::object()), text = config.value("text_config", json::object());
  settings.vision_heads = vision.value("num_attention_heads", int64_t{12});
  settings.text_heads = text.value("num_attention_heads", int64_t{8});
  settings.vision_depth = vision.value("num_hidden_layers", settings.vision_depth);
  settings.text_depth = text.value("num_hidden_layers", settings.text_depth);
  settings.vision_activation = activation_named(vision.value("hidden_act", "quick_gelu"));
  settings.text_activation = activation_named(text.value("hidden_act", "quick_gelu"));
  settings.vision_eps = vision.value("layer_norm_eps", 1e-5);
  settings.text_eps = text.value("layer_norm_eps", 1e-5);
}

}  // namespace

Settings settings_of(const io::ModelFolder& folder, const CheckpointReader& reader, const Names& names,
                     int image_size) {
  Settings settings;
  settings.layout = names.layout;
  settings.preprocessing = clip_preprocessing(image_size);
  const bool transformers = names.proj_is_linear;
  if (transformers && folder.config) {
    read_transformers(folder.config->value(), settings);
  } else if (!transformers && folder.open_clip_config) {
    read_open_clip(folder.open_clip_config->value(), settings);
  } else if (!transformers && reader.has(kOpenAiBuffers[0])) {
    settings.layout = "openai";
  } else if (transformers) {
    settings.notes.push_back({"no config.json: QuickGELU and heads of width 64 assumed, as in OpenAI's models"});
  } else {
    settings.vision_activation = settings.text_activation = tensor::Activation::gelu;
    settings.notes.push_back({"no open_clip_config.json: GELU (not QuickGELU) and heads of width 64 assumed"});
  }
  if (folder.preprocessor_config) {
    settings.preprocessing = transformers_preprocessing(folder.preprocessor_config->value(), settings.preprocessing);
  }
  return settings;
}

}  // namespace graft::models::clip
