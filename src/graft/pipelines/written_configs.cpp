#include "graft/pipelines/written_configs.h"

#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"

namespace graft::pipelines {
namespace {

using nlohmann::json;
using tensor::Activation;

// Sizes that tensors tell.
struct TowerSizes {
  int64_t width = 0, depth = 0, hidden = 0, patch = 0;
  int64_t rows = 0;  // of positions
  bool scaled = false, qkv_bias = false, cls = false, distilled = false, norm_pre = false, norm = false;
  int64_t registers = 0;
};

TowerSizes sizes_in(const models::Model& model, const std::string& tower) {
  const auto parameters = model.named_parameters();
  const auto* positions = parameters.find(tower + "positions");
  GRAFT_ASSERT(positions != nullptr);
  TowerSizes sizes;
  sizes.rows = positions->size(0);
  sizes.width = positions->size(1);
  while (parameters.contains(tower + "blocks." + std::to_string(sizes.depth) + ".mlp.fc1.weight"))
    ++sizes.depth;
  sizes.hidden = parameters[tower + "blocks.0.mlp.fc1.weight"].size(0);
  sizes.scaled = parameters.contains(tower + "blocks.0.scale1");
  sizes.qkv_bias = parameters.contains(tower + "blocks.0.attn.qkv.bias");
  sizes.cls = parameters.contains(tower + "cls");
  sizes.distilled = parameters.contains(tower + "distillation");
  sizes.norm = parameters.contains(tower + "norm.weight");
  sizes.norm_pre = parameters.contains(tower + "norm_pre.weight");
  if (const auto* registers = parameters.find(tower + "registers")) sizes.registers = registers->size(0);
  if (const auto* patch = parameters.find(tower + "patch.weight")) {
    sizes.patch = std::llround(std::sqrt(double(patch->size(1)) / 3));
  }
  return sizes;
}

json side_of(data::Size size) {
  return size.height == size.width ? json(size.height) : json{size.height, size.width};
}

// A ratio whose product with `whole`, cut to an integer, is `part`: libraries write sizes so.
double ratio_of(int64_t part, int64_t whole) {
  const double ratio = double(part) / double(whole);
  return static_cast<int64_t>(double(whole) * ratio) == part ? ratio : (double(part) + 0.5) / double(whole);
}

[[noreturn]] void no_place(const char* library, const std::string& what) {
  throw ModelError("merge",
                   "the base has no description, and {}'s has no place for {}: the merged folder would be read "
                   "otherwise.",
                   library, what);
}

std::string transformers_name(Activation activation) {
  return activation == Activation::gelu_tanh ? "gelu_pytorch_tanh" : std::string(to_string(activation));
}

constexpr double kUsualEps = 1e-5;  // of CLIP's norms

json open_clip_tower(const TowerSizes& sizes, const models::TowerReading& reading) {
  json tower = {{"layers", sizes.depth}, {"width", sizes.width}, {"mlp_ratio", ratio_of(sizes.hidden, sizes.width)}};
  if (sizes.scaled) tower["ls_init_value"] = 1e-5;
  if (reading.eps != kUsualEps) tower["norm_kwargs"] = {{"eps", reading.eps}};
  if (reading.activation == Activation::gelu_tanh) tower["act_kwargs"] = {{"approximate", "tanh"}};
  return tower;
}

json new_open_clip(models::Model& model, const io::Weights& weights) {
  const auto& info = model.info();
  const auto parameters = model.named_parameters();
  const auto vision = sizes_in(model, "vision."), text = sizes_in(model, "text.");
  const auto activation = info.vision.activation;
  const bool known =
      activation == Activation::gelu || activation == Activation::quick_gelu || activation == Activation::gelu_tanh;
  if (!known || info.text->activation != activation) no_place("open_clip", "this activation");
  if (info.pooling != "token") no_place("open_clip", "this pooling");
  json vision_cfg = open_clip_tower(vision, info.vision), text_cfg = open_clip_tower(text, *info.text);
  vision_cfg["image_size"] = side_of(info.preprocessing.output());
  vision_cfg["patch_size"] = vision.patch;
  vision_cfg["head_width"] = vision.width / info.vision.heads;
  if (!vision.norm_pre) vision_cfg["no_ln_pre"] = true;
  text_cfg["context_length"] = text.rows;
  text_cfg["vocab_size"] = parameters["text.embedding"].size(0);
  text_cfg["heads"] = info.text->heads;
  json model_cfg = {{"embed_dim", parameters["text.proj.weight"].size(0)},
                    {"quick_gelu", activation == Activation::quick_gelu},
                    {"vision_cfg", vision_cfg},
                    {"text_cfg", text_cfg}};
  if (weights.tensors().contains("logit_bias")) model_cfg["init_logit_bias"] = 0;  // a place for it
  const auto scale = weights.tensors().find("logit_scale");
  if (scale != weights.tensors().end() && !scale->second.shape.empty()) model_cfg["nonscalar_logit_scale"] = true;
  return {{"model_cfg", model_cfg}, {"preprocess_cfg", new_preprocess_cfg(info.preprocessing)}};
}

// Of timm's architectures the one that has what model_args cannot say.
const char* timm_architecture_of(const TowerSizes& sizes, const models::TowerReading& reading) {
  if (sizes.distilled) return "deit_base_distilled_patch16_224";
  if (!sizes.norm_pre) return "vit_base_patch16_224";
  return reading.activation == Activation::quick_gelu ? "vit_base_patch16_clip_quickgelu_224"
                                                      : "vit_base_patch16_clip_224";
}

// timm's crop_pct: the photo is resized to floor(size / share).
double timm_share(int size, int resize) {
  const double share = double(size) / resize;
  return static_cast<int>(std::floor(size / share)) == resize ? share : size / (resize + 0.5);
}

json new_timm(models::Model& model, const io::Weights& weights) {
  const auto& info = model.info();
  const auto sizes = sizes_in(model, "vision.");
  const auto& p = info.preprocessing;
  const auto size = p.output();
  const auto patches = int64_t{size.height / sizes.patch} * (size.width / sizes.patch);
  const auto before = int64_t{sizes.cls} + sizes.distilled + sizes.registers;
  const auto placed = model.need(nn::Tower::vision).positions_at(size).size(0) - patches;
  if (placed != 0 && placed != before) no_place("timm", "positions of some of the tokens before the patches");
  json args = {{"img_size", {size.height, size.width}},
               {"patch_size", sizes.patch},
               {"embed_dim", sizes.width},
               {"depth", sizes.depth},
               {"num_heads", info.vision.heads},
               {"mlp_ratio", ratio_of(sizes.hidden, sizes.width)},
               {"qkv_bias", sizes.qkv_bias},
               {"class_token", sizes.cls},
               {"global_pool", info.pooling}};
  if (info.pooling == "avg") args["fc_norm"] = weights.tensors().contains("fc_norm.weight");
  if (!sizes.norm) args["final_norm"] = false;
  if (sizes.scaled) args["init_values"] = 1e-5;
  if (sizes.registers > 0) args["reg_tokens"] = sizes.registers;
  if (placed == 0 && before > 0) args["no_embed_class"] = true;
  const bool quick = info.vision.activation == Activation::quick_gelu;
  if (info.vision.activation != Activation::gelu && !(quick && sizes.norm_pre)) {
    args["act_layer"] = to_string(info.vision.activation);
  }
  const auto head = weights.tensors().find("head.weight");
  const auto classes = head == weights.tensors().end() ? 0 : head->second.shape.at(0);
  json pretrained = {{"input_size", {3, size.height, size.width}},
                     {"interpolation", option::print(p.interpolation)},
                     {"crop_pct", timm_share(size.height, p.resize.height)},
                     {"crop_mode", p.resize_mode == data::ResizeMode::squash ? "squash" : "center"},
                     {"mean", p.mean},
                     {"std", p.std},
                     {"fixed_input_size", true},
                     {"num_classes", classes},
                     {"first_conv", "patch_embed.proj"},
                     {"classifier", "head"}};
  return {{"architecture", timm_architecture_of(sizes, info.vision)},
          {"num_classes", classes},
          {"num_features", sizes.width},
          {"global_pool", info.pooling},
          {"model_args", args},
          {"pretrained_cfg", pretrained}};
}

json transformers_tower(const TowerSizes& sizes, const models::TowerReading& reading) {
  return {{"hidden_size", sizes.width},
          {"num_hidden_layers", sizes.depth},
          {"num_attention_heads", reading.heads},
          {"intermediate_size", sizes.hidden},
          {"hidden_act", transformers_name(reading.activation)},
          {"layer_norm_eps", reading.eps}};
}

json new_transformers_clip(models::Model& model) {
  const auto& info = model.info();
  const auto parameters = model.named_parameters();
  const auto vision = sizes_in(model, "vision."), text = sizes_in(model, "text.");
  const auto joint = parameters["text.proj.weight"].size(0), words = parameters["text.embedding"].size(0);
  for (const auto activation : {info.vision.activation, info.text->activation})
    if (activation == Activation::relu || activation == Activation::silu) no_place("CLIP", "this activation");
  json vision_config = transformers_tower(vision, info.vision), text_config = transformers_tower(text, *info.text);
  vision_config.update({{"model_type", "clip_vision_model"},
                        {"image_size", side_of(info.preprocessing.output())},
                        {"patch_size", vision.patch},
                        {"projection_dim", joint}});
  // An end token of 2 stands for "the largest id of a prompt", which holds for any vocabulary of CLIP's kind.
  text_config.update({{"model_type", "clip_text_model"},
                      {"vocab_size", words},
                      {"max_position_embeddings", text.rows},
                      {"eos_token_id", 2},
                      {"projection_dim", joint}});
  return {{"model_type", "clip"},
          {"architectures", json::array({"CLIPModel"})},
          {"projection_dim", joint},
          {"vision_config", vision_config},
          {"text_config", text_config}};
}

json new_transformers_vit(models::Model& model) {
  const auto& info = model.info();
  const auto sizes = sizes_in(model, "vision.");
  if (!sizes.cls || sizes.distilled) no_place("transformers' ViT", "tokens other than the class token");
  json config = transformers_tower(sizes, info.vision);
  config.update({{"image_size", side_of(info.preprocessing.output())},
                 {"patch_size", sizes.patch},
                 {"num_channels", 3},
                 {"qkv_bias", sizes.qkv_bias}});
  if (!sizes.scaled) {
    config.update({{"model_type", "vit"}, {"architectures", json::array({"ViTModel"})}});
    return config;
  }
  const bool registers = sizes.registers > 0;
  const auto grid = std::llround(std::sqrt(double(sizes.rows - 1)));
  if (!is_resized(info)) config["image_size"] = grid * sizes.patch;
  if (sizes.hidden % sizes.width != 0) no_place("transformers", "a hidden width that is no multiple of the width");
  config["mlp_ratio"] = sizes.hidden / sizes.width;
  config.erase("intermediate_size");
  config.update({{"model_type", registers ? "dinov2_with_registers" : "dinov2"},
                 {"architectures", json::array({registers ? "Dinov2WithRegistersModel" : "Dinov2Model"})},
                 {"use_swiglu_ffn", false}});
  if (registers) config["num_register_tokens"] = sizes.registers;
  return config;
}

// Of a lone checkpoint, whose kind was told by its tensors.
json new_transformers_bert(models::Model& model) {
  const auto& info = model.info();
  const auto parameters = model.named_parameters();
  const auto sizes = sizes_in(model, "text.");
  const auto* types = parameters.find("text.types");
  json config = transformers_tower(sizes, *info.text);
  config["vocab_size"] = parameters["text.embedding"].size(0);
  config["max_position_embeddings"] = sizes.rows;
  if (types) {
    const bool roberta = info.description.starts_with("RoBERTa");
    config["type_vocab_size"] = types->size(0);
    config["model_type"] = roberta ? "roberta" : "bert";
    config["pad_token_id"] = roberta ? 1 : 0;
    return config;
  }
  return {{"model_type", "distilbert"},
          {"dim", sizes.width},
          {"n_layers", sizes.depth},
          {"n_heads", info.text->heads},
          {"hidden_dim", sizes.hidden},
          {"activation", config["hidden_act"]},
          {"vocab_size", config["vocab_size"]},
          {"max_position_embeddings", sizes.rows}};
}

}  // namespace

json new_processor(const data::Preprocessing& p) {
  static constexpr std::pair<data::Filter, int> kPillow[] = {{data::Filter::nearest, 0},  {data::Filter::lanczos, 1},
                                                             {data::Filter::bilinear, 2}, {data::Filter::bicubic, 3},
                                                             {data::Filter::box, 4},      {data::Filter::hamming, 5}};
  json processor = {{"do_resize", true},
                    {"do_rescale", true},
                    {"rescale_factor", 1.0 / 255},
                    {"do_normalize", true},
                    {"do_center_crop", p.resize_mode == data::ResizeMode::shortest},
                    {"image_mean", p.mean},
                    {"image_std", p.std}};
  for (const auto& [filter, number] : kPillow)
    if (filter == p.interpolation) processor["resample"] = number;
  const auto crop = p.output();
  if (p.resize_mode == data::ResizeMode::shortest) {
    processor["image_processor_type"] = "CLIPImageProcessor";
    processor["size"] = {{"shortest_edge", p.resize.height}};
    processor["crop_size"] = {{"height", crop.height}, {"width", crop.width}};
    processor["do_convert_rgb"] = true;
  } else {
    processor["image_processor_type"] = "ViTImageProcessor";
    processor["size"] = {{"height", p.resize.height}, {"width", p.resize.width}};
  }
  return processor;
}

json new_preprocess_cfg(const data::Preprocessing& p) {
  return {{"size", side_of(p.output())},
          {"mean", p.mean},
          {"std", p.std},
          {"interpolation", option::print(p.interpolation)},
          {"resize_mode", option::print(p.resize_mode)}};
}

std::map<std::string, json> new_configs(models::Model& model, const io::Weights& weights, Library library) {
  switch (library) {
    case Library::open_clip:
      return {{"open_clip_config.json", new_open_clip(model, weights)}};
    case Library::timm:
      return {{"config.json", new_timm(model, weights)}};
    default:
      if (!model.tower(nn::Tower::vision)) return {{"config.json", new_transformers_bert(model)}};
      return {{"config.json", model.info().text ? new_transformers_clip(model) : new_transformers_vit(model)},
              {"preprocessor_config.json", new_processor(model.info().preprocessing)}};
  }
}

}  // namespace graft::pipelines
