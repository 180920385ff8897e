// CLIP's checkpoints: OpenAI's names (their TorchScript archives, open_clip) and Hugging Face's.
#include <torch/torch.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/models/clip/clip.h"
#include "graft/models/preprocessing.h"

namespace graft::models::clip {
namespace {

using nlohmann::json;

struct TowerNames {
  const char* positions;
  const char* blocks;
  const char* norm;
  const char* proj;
};

struct Names {
  const char* layout;
  const char* cls;
  const char* patch;
  const char* norm_pre;
  TowerNames vision;
  const char* words;
  TowerNames text;
  BlockNames block;
  bool proj_is_linear;  // [E, D] of a module with a weight; else a parameter [D, E] that multiplies from the right
};

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

// What the tensors do not say.
struct Settings {
  std::string layout;
  int64_t vision_heads = 0, text_heads = 0;  // 0: a head is 64 wide
  tensor::Activation vision_activation = tensor::Activation::quick_gelu;
  tensor::Activation text_activation = tensor::Activation::quick_gelu;
  double vision_eps = 1e-5, text_eps = 1e-5;
  data::Preprocessing preprocessing;
  std::vector<std::string> notes;
};

tensor::Activation activation_named(const std::string& name) {
  if (name == "quick_gelu") return tensor::Activation::quick_gelu;
  if (name == "gelu") return tensor::Activation::gelu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new") return tensor::Activation::gelu_tanh;
  throw ModelError("clip", "hidden_act '{}' is not known: expected quick_gelu, gelu or gelu_pytorch_tanh.", name);
}

void refuse_variants(const json& config, const char* tower) {
  constexpr const char* kFlags[] = {"attentional_pool", "no_ln_pre", "qk_norm", "scaled_cosine_attn", "scale_heads",
                                    "scale_attn_inner", "scale_attn", "scale_fc", "final_ln_after_pool", "embed_cls",
                                    "no_causal_mask", "proj_bias", "timm_model_name", "hf_model_name", "norm_kwargs",
                                    "act_kwargs"};
  for (const auto* flag : kFlags) {
    if (!config.contains(flag)) continue;
    const auto& value = config[flag];
    const bool off = value.is_null() || value == false || (value.is_object() && value.empty()) || value == "";
    if (!off) throw ModelError("clip", "{}.{} = {}: this kind of open_clip model is not supported.", tower, flag, value.dump());
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
  if (file.contains("preprocess_cfg")) {
    settings.preprocessing = open_clip_preprocessing(file["preprocess_cfg"], settings.preprocessing);
  }
}

void read_transformers(const json& config, Settings& settings) {
  const auto vision = config.value("vision_config", json::object()), text = config.value("text_config", json::object());
  settings.vision_heads = vision.value("num_attention_heads", int64_t{12});
  settings.text_heads = text.value("num_attention_heads", int64_t{8});
  settings.vision_activation = activation_named(vision.value("hidden_act", "quick_gelu"));
  settings.text_activation = activation_named(text.value("hidden_act", "quick_gelu"));
  settings.vision_eps = vision.value("layer_norm_eps", 1e-5);
  settings.text_eps = text.value("layer_norm_eps", 1e-5);
}

const char* kOpenAiBuffers[] = {"input_resolution", "context_length", "vocab_size"};

Settings settings_of(const io::ModelFolder& folder, const CheckpointReader& reader, const Names& names, int image_size) {
  Settings settings;
  settings.layout = names.layout;
  settings.preprocessing = clip_preprocessing(image_size);
  const bool transformers = names.proj_is_linear;
  if (transformers && folder.config) {
    read_transformers(*folder.config, settings);
  } else if (!transformers && folder.open_clip_config) {
    read_open_clip(*folder.open_clip_config, settings);
  } else if (!transformers && reader.has(kOpenAiBuffers[0])) {
    settings.layout = "openai";
  } else if (transformers) {
    settings.notes.push_back("no config.json: QuickGELU and heads of width 64 assumed, as in OpenAI's models");
  } else {
    settings.vision_activation = settings.text_activation = tensor::Activation::gelu;
    settings.notes.push_back("no open_clip_config.json: GELU (not QuickGELU) and heads of width 64 assumed");
  }
  if (folder.preprocessor_config) {
    settings.preprocessing = transformers_preprocessing(*folder.preprocessor_config, settings.preprocessing);
  }
  return settings;
}

int64_t heads_of(int64_t asked, int64_t width, const char* tower) {
  const auto heads = asked > 0 ? asked : width / 64;
  if (heads < 1 || width % heads != 0 || (asked == 0 && width % 64 != 0)) {
    throw ModelError("clip", "the {} tower is {} wide, which {} heads do not divide. A config beside the weights says how many.",
                     tower, width, heads);
  }
  return heads;
}

std::shared_ptr<nn::Linear> read_proj(CheckpointReader& reader, const Names& names, const TowerNames& tower,
                                      nn::Tower kind, int64_t width, int64_t out, nn::Place place) {
  nn::Site site;
  site.path = to_string(kind) + ".proj";
  site.tower = kind;
  site.in = width;
  site.out = out;
  site.place = place;
  site.checkpoint = reader.full(tower.proj);
  const auto ours = site.path + ".weight";
  const auto weight = names.proj_is_linear ? reader.take(ours, std::string(tower.proj) + ".weight", {out, width})
                                           : reader.take_transposed(ours, tower.proj, {out, width});
  return std::make_shared<nn::Linear>(std::move(site), weight, at::Tensor(), tensor::Precision::fp32);
}

int64_t joint_width(const CheckpointReader& reader, const Names& names) {
  return names.proj_is_linear ? reader.shape(std::string(names.vision.proj) + ".weight").at(0)
                              : reader.shape(names.vision.proj).at(1);
}

BlocksPlan blocks_plan(const Names& names, const TowerNames& tower, tensor::Precision precision) {
  BlocksPlan plan;
  plan.theirs = tower.blocks;
  plan.names = names.block;
  plan.precision = precision;
  return plan;
}

std::shared_ptr<VisionTower> read_vision(CheckpointReader& reader, const Names& names, const Settings& settings,
                                         const LoadOptions& options) {
  const auto patch = reader.shape(names.patch);  // [D, 3, p, p]
  const auto rows = reader.shape(names.vision.positions).at(0) - 1;
  const auto side = std::llround(std::sqrt(double(rows)));
  if (patch.size() != 4 || patch[2] != patch[3] || side * side != rows) {
    throw ModelError("clip", "{}: expected square patches on a square grid, got [{}] and {} positions.",
                     reader.full(names.patch), fmt::join(patch, ", "), rows + 1);
  }
  const auto width = patch[0], size = patch[2];
  VisionParts parts;
  parts.width = width;
  const auto weight = reader.take_as("vision.patch.weight", names.patch, {width, patch[1] * size * size}, patch);
  parts.patch = std::make_shared<nn::PatchEmbedding>(weight, at::Tensor(), patch[1], size, options.precision);
  parts.cls = reader.take("vision.cls", names.cls, {width});
  const auto positions = reader.take("vision.positions", names.vision.positions, {rows + 1, width});
  const auto stretch = names.proj_is_linear ? nn::Stretch::bicubic : nn::Stretch::antialiased;
  parts.positions = nn::Positions(positions, 1, {side, side}, stretch);
  parts.norm_pre = read_norm(reader, "vision.norm_pre", names.norm_pre, width, settings.vision_eps, options.precision);
  auto plan = blocks_plan(names, names.vision, options.precision);
  plan.width = width;
  plan.heads = heads_of(settings.vision_heads, width, "image");
  plan.eps = settings.vision_eps;
  plan.activation = settings.vision_activation;
  parts.blocks = read_blocks(reader, plan);
  parts.norm = read_norm(reader, "vision.norm", names.vision.norm, width, settings.vision_eps, options.precision);
  return std::make_shared<VisionTower>(std::move(parts));
}

std::shared_ptr<TextTower> read_text(CheckpointReader& reader, const Names& names, const Settings& settings,
                                     const LoadOptions& options, int64_t out, nn::Place place) {
  const auto words = reader.shape(names.words), positions = reader.shape(names.text.positions);
  const auto width = words.at(1);
  TextParts parts;
  parts.place = place;
  parts.embedding = reader.take("text.embedding", names.words, {words[0], width});
  parts.positions = reader.take("text.positions", names.text.positions, {positions[0], width});
  auto plan = blocks_plan(names, names.text, options.precision);
  plan.tower = nn::Tower::text;
  plan.width = width;
  plan.heads = heads_of(settings.text_heads, width, "text");
  plan.eps = settings.text_eps;
  plan.activation = settings.text_activation;
  plan.causal = true;
  plan.tokens = false;
  plan.place = place;
  plan.later_place = false;
  parts.blocks = read_blocks(reader, plan);
  parts.norm = read_norm(reader, "text.norm", names.text.norm, width, settings.text_eps, options.precision);
  parts.proj = read_proj(reader, names, names.text, nn::Tower::text, width, out, place);
  return std::make_shared<TextTower>(std::move(parts));
}

const Names* names_of(const io::Weights& weights) {
  for (const auto* names : {&kOpenClip, &kTransformers}) {
    const auto& tensors = weights.tensors();
    if (tensors.contains(names->patch) && tensors.contains(names->words) && tensors.contains(names->cls)) return names;
  }
  return nullptr;
}

bool recognises(const io::ModelFolder&, const io::Weights& weights) { return names_of(weights) != nullptr; }

std::unique_ptr<Model> load(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options) {
  const auto* names = names_of(weights);
  if (!names) throw ModelError("clip", "{} has neither open_clip's nor transformers' names of a CLIP.", weights.name());
  CheckpointReader reader(weights);
  const auto patch = reader.shape(names->patch).at(2);
  const auto side = std::llround(std::sqrt(double(reader.shape(names->vision.positions).at(0) - 1)));
  const auto settings = settings_of(folder, reader, *names, static_cast<int>(side * patch));

  Parts parts;
  parts.width = joint_width(reader, *names);
  parts.vision = read_vision(reader, *names, settings, options);
  const auto pooled = parts.vision->pooled();
  parts.vision_proj = read_proj(reader, *names, names->vision, nn::Tower::vision, parts.vision->width(), parts.width, pooled);
  parts.text = read_text(reader, *names, settings, options, parts.width, pooled + 1);
  parts.logit_scale = reader.take("logit_scale", "logit_scale", {});
  reader.ignore({kOpenAiBuffers[0], kOpenAiBuffers[1], kOpenAiBuffers[2], "attn_mask",
                 "vision_model.embeddings.position_ids", "text_model.embeddings.position_ids"});

  ModelInfo info;
  info.source = folder.path.string();
  info.family = "clip";
  info.layout = settings.layout;
  info.preprocessing = settings.preprocessing;
  if (options.image_size) info.preprocessing = at_size(info.preprocessing, *options.image_size, patch);
  info.notes = settings.notes;
  info.description = fmt::format("ViT {}/{} {}x{} + text {}x{}", info.preprocessing.output().height, patch,
                                 parts.vision->blocks(), parts.vision->width(),
                                 reader.count(names->text.blocks), parts.text->width());
  auto origins = reader.finish(fmt::format("CLIP ({})", settings.layout));
  return std::make_unique<Clip>(std::move(parts), std::move(info), options.precision, std::move(origins));
}

}  // namespace

extern const Family family = {"clip", "images and texts in one space (Radford et al. 2021), ViT image towers",
                              "open_clip, openai, hf", recognises, load};

}  // namespace graft::models::clip
