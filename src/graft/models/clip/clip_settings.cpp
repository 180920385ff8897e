#include "graft/models/clip/clip_settings.h"

#include <fmt/ranges.h>

#include "graft/core/error.h"
#include "graft/models/preprocessing.h"
#include "graft/models/transformers_keys.h"

namespace graft::models::clip {
namespace {

using io::JsonObject;

constexpr const char* kWayOn = "Its features would not be the model's own, so nothing was loaded.";
constexpr int64_t kEndToken = 49407;    // of CLIP's own vocabulary
constexpr int64_t kLegacyEndToken = 2;  // transformers: the highest id is taken for the end, which is CLIP's 49407

tensor::Activation hidden_activation(const JsonObject& config, const std::string& usual) {
  const auto name = config.get("hidden_act", usual);
  if (name == "quick_gelu") return tensor::Activation::quick_gelu;
  if (name == "gelu" || name == "gelu_python") return tensor::Activation::gelu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new" || name == "gelu_fast") return tensor::Activation::gelu_tanh;
  throw ModelError("clip", "{}: {} = '{}': expected quick_gelu, gelu or gelu_pytorch_tanh.", config.file(),
                   config.name_of("hidden_act"), name);
}

// --- open_clip

// {"eps": 1e-6} and {"approximate": "tanh"}: what open_clip hands to its norms and activations.
void read_keywords(const JsonObject& config, bool quick_gelu, TowerReading& tower) {
  if (const auto norm = config.find_object("norm_kwargs")) tower.eps = norm->get("eps", tower.eps);
  tower.activation = quick_gelu ? tensor::Activation::quick_gelu : tensor::Activation::gelu;
  const auto activation = config.find_object("act_kwargs");
  if (!activation) return;
  const auto way = activation->get<std::string>("approximate", "none");
  if (quick_gelu || (way != "tanh" && way != "none")) {
    activation->refuse(activation->name_of("approximate"), "tanh or none, of a model without quick_gelu",
                       &activation->raw("approximate"));
  }
  if (way == "tanh") tower.activation = tensor::Activation::gelu_tanh;
}

void refuse_other_blocks(const JsonObject& config) {
  for (const auto* flag :
       {"qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner", "scale_attn", "scale_fc"})
    config.expect(flag, {false}, "graft does not build this kind of attention.");
  config.expect("block_type", {"default"}, "graft does not build this kind of attention.");
  // Told by the tensors.
  config.ignore({"mlp_ratio", "ls_init_value", "output_tokens"});
}

void read_open_clip_vision(const JsonObject& config, bool quick_gelu, Settings& settings) {
  if (config.has("timm_model_name")) {
    throw ModelError("clip", "{}: {} = \"{}\": graft reads open_clip's own image towers and not timm's in their place.",
                     config.file(), config.name_of("timm_model_name"), config.get<std::string>("timm_model_name", ""));
  }
  config.ignore({"timm_*", "attn_pooler_*", "patch_dropout", "image_size", "patch_size", "pos_embed_type"});
  if (config.raw("layers").is_array()) {
    throw ModelError("clip", "{}: {} is a list: a ResNet image tower, which graft does not have. Use a ViT's.",
                     config.file(), config.name_of("layers"));
  }
  config.expect("attentional_pool", {false}, "graft does not build attention pooling.");
  refuse_other_blocks(config);
  settings.vision_depth = config.get("layers", int64_t{12});
  const auto head_width = config.get("head_width", int64_t{64});
  settings.vision.heads = head_width > 0 ? config.get("width", int64_t{768}) / head_width : 0;
  if (settings.vision.heads < 1)
    config.refuse(config.name_of("head_width"), "1 to the width", &config.raw("head_width"));
  config.expect("pool_type", {"tok", "avg"});
  const bool average = config.get<std::string>("pool_type", "tok") == "avg",
             after = config.get("final_ln_after_pool", false);
  if (average) settings.pooling = after ? Pooling::patch_mean : Pooling::normed_patch_mean;
  config.get("no_ln_pre", false);  // told by the tensors
  read_keywords(config, quick_gelu, settings.vision);
}

// Texts are read at CLIP's end token by a causal tower, or not at all.
void read_open_clip_text(const JsonObject& config, bool quick_gelu, Settings& settings) {
  if (config.has("hf_model_name")) {
    throw ModelError("clip",
                     "{}: {} = \"{}\": graft reads open_clip's own text towers and not transformers' in their place.",
                     config.file(), config.name_of("hf_model_name"), config.get<std::string>("hf_model_name", ""));
  }
  config.ignore({"hf_model_pretrained", "hf_proj_type", "hf_pooler_type", "context_length", "vocab_size", "width",
                 "pad_id", "hf_tokenizer_name", "tokenizer_mode", "tokenizer_kwargs"});
  refuse_other_blocks(config);
  config.expect("embed_cls", {false}, "graft does not build CoCa's text towers.");
  config.expect("proj_type", {"linear"});
  config.expect("proj_bias", {false});
  config.expect("final_ln_after_pool", {false, true});  // of one row: the same
  settings.text_depth = config.get("layers", int64_t{12});
  settings.text.heads = config.get("heads", int64_t{8});
  read_keywords(config, quick_gelu, settings.text);
  const auto pool = config.get<std::string>("pool_type", "argmax");
  const auto end = config.get("eos_id", kLegacyEndToken);
  if (config.get("no_causal_mask", false)) {
    settings.no_text = "its text tower reads both ways, graft's reads from left to right";
  } else if (pool == "eos" && end != kEndToken) {
    settings.no_text = fmt::format("its texts end in the token {}, CLIP's in {}", end, kEndToken);
  } else if (pool != "argmax" && pool != "eos") {
    settings.no_text = fmt::format("it reads texts at '{}' (pool_type), graft at their end", pool);
  }
}

void read_open_clip(const JsonObject& file, Settings& settings) {
  const auto config = file.has("model_cfg") ? file.object("model_cfg") : file;
  if (file.has("model_cfg")) file.ignore({"version", "model_name", "name", "tags", "hf_hub_id", "license", "source"});
  if (config.has("multimodal_cfg")) {
    throw ModelError("clip", "{}: {}: CoCa, which graft does not have.", config.file(),
                     config.name_of("multimodal_cfg"));
  }
  // Sizes that the tensors tell, and starts and types of training. A bias of all logits moves no probability.
  config.ignore({"embed_dim", "custom_text", "init_logit_scale", "init_logit_bias", "nonscalar_logit_scale",
                 "cast_dtype", "output_dict"});
  const bool quick_gelu = config.get("quick_gelu", false);
  read_open_clip_vision(config.object("vision_cfg"), quick_gelu, settings);
  read_open_clip_text(config.object("text_cfg"), quick_gelu, settings);
  if (const auto preprocess = file.find_object("preprocess_cfg")) {
    settings.preprocessing = open_clip_preprocessing(*preprocess, settings.preprocessing);
  }
  file.refuse_unread("clip", kWayOn);
}

// --- transformers

// An old file may hold "vision_config_dict" beside "vision_config": transformers then takes the former, filled with its
// defaults.
JsonObject tower_config(const JsonObject& config, const std::string& tower) {
  if (!config.has(tower + "_config_dict")) return config.object(tower + "_config");
  config.ignore({tower + "_config"});
  return config.object(tower + "_config_dict");
}

void read_transformers_tower(const JsonObject& config, TowerReading& tower, int64_t usual_heads, int64_t& depth) {
  ignore_transformers_keys(config);
  config.ignore({"hidden_size", "intermediate_size", "projection_dim", "vocab_size", "max_position_embeddings",
                 "image_size", "patch_size", "num_channels", "bos_token_id", "pad_token_id"});
  tower.heads = config.get("num_attention_heads", usual_heads);
  depth = config.get("num_hidden_layers", int64_t{12});
  tower.activation = hidden_activation(config, "quick_gelu");
  tower.eps = config.get("layer_norm_eps", 1e-5);
}

void read_transformers(const JsonObject& config, Settings& settings) {
  config.expect("model_type", {"clip", "metaclip_2"}, "graft has no such model.");
  ignore_transformers_keys(config);
  config.ignore({"projection_dim", "bos_token_id", "pad_token_id", "eos_token_id"});
  const auto vision = tower_config(config, "vision"), text = tower_config(config, "text");
  vision.ignore({"eos_token_id"});
  read_transformers_tower(vision, settings.vision, 12, settings.vision_depth);
  read_transformers_tower(text, settings.text, 8, settings.text_depth);
  const auto& end = text.raw("eos_token_id");
  if (!end.is_null() && end != kEndToken && end != kLegacyEndToken) {
    settings.no_text = fmt::format("its texts end in the token {}, CLIP's in {}", io::brief(end), kEndToken);
  } else if (config.get<std::string>("model_type", "clip") == "metaclip_2" && end == kLegacyEndToken) {
    settings.no_text = fmt::format("its texts end in the token {}, CLIP's in {}", kLegacyEndToken, kEndToken);
  }
  config.refuse_unread("clip", kWayOn);
}

// What nothing beside the weights says, less what the user said.
void note_assumed(const std::string& file, const std::string& activation, const Told& told, Settings& settings) {
  std::vector<std::string> assumed, ways;
  if (!told.activation) {
    assumed.push_back(activation);
    ways.push_back("--activation");
  }
  if (!told.heads || !told.text_heads) {
    assumed.push_back("heads of width 64");
    ways.push_back(told.heads ? "--text-heads" : "--heads");
  }
  if (assumed.empty()) return;
  settings.notes.push_back({fmt::format("no {}: {} assumed; {} {} otherwise", file, fmt::join(assumed, " and "),
                                        fmt::join(ways, " and "), ways.size() == 1 ? "says" : "say")});
}

}  // namespace

Settings settings_of(const io::ModelFolder& folder, const CheckpointReader& reader, const Names& names, int image_size,
                     const Told& told) {
  Settings settings;
  settings.layout = names.layout;
  settings.preprocessing = clip_preprocessing(image_size);
  const bool transformers = names.proj_is_linear;
  if (transformers) settings.preprocessing.crop_rounding = data::CropRounding::transformers;
  const auto& config = transformers ? folder.config : folder.open_clip_config;
  std::string towers_file, images_file;  // that say it
  if (config) {
    towers_file = config->file();
    if (transformers) {
      read_transformers(*config, settings);
    } else {
      if (config->has("preprocess_cfg")) images_file = towers_file;
      read_open_clip(*config, settings);
    }
  } else if (!transformers && reader.has(kOpenAiBuffers[0])) {
    settings.layout = "openai";
  } else if (transformers) {
    note_assumed("config.json", "QuickGELU", told, settings);
  } else {
    settings.vision.activation = settings.text.activation = tensor::Activation::gelu;
    note_assumed("open_clip_config.json", "GELU (not QuickGELU)", told, settings);
  }
  // open_clip reads nothing else, where it has its own.
  if (folder.preprocessor_config && images_file.empty()) {
    images_file = folder.preprocessor_config->file();
    settings.preprocessing = transformers_preprocessing(*folder.preprocessor_config, "CLIPImageProcessor");
  }
  settings.vision = with_told(settings.vision, told, told.heads, towers_file);
  settings.text = with_told(settings.text, told, told.text_heads, towers_file);
  settings.preprocessing = with_told(settings.preprocessing, told, images_file);
  return settings;
}

}  // namespace graft::models::clip
