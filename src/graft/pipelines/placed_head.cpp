#include "graft/pipelines/placed_head.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "graft/models/pixel_head.h"

namespace graft::pipelines {
namespace {

// What stands before a tensor's name: everything before `ending`, of the first name that has it.
std::optional<std::string> before(const io::Weights& weights, std::string_view ending) {
  for (const auto& [name, view] : weights.tensors()) {
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  return {};
}

PlacedHead nowhere(std::string why) {
  PlacedHead head;
  head.text = std::move(why);
  return head;
}

// What the library's own classifier would read otherwise than the head was trained on.
bool has_other_tokens(const models::Model& model) {
  const auto parameters = model.named_parameters();
  return parameters.contains("vision.distillation") || !parameters.contains("vision.cls") ||
         model.info().pooling != "token";
}

// transformers' name of the architecture; empty where nothing says it.
std::string type_of(const io::ModelFolder& base) {
  const auto type = base.config ? base.config->raw("model_type") : nlohmann::json();
  return type.is_string() ? type.get<std::string>() : std::string();
}

// ViTForImageClassification reads the class token; Dinov2's the class token and the patches' mean side by side, where
// zeros for the mean leave the head what it is.
PlacedHead in_transformers(const models::LinearHead& trained, const models::Model& model,
                           const engine::AdapterInfo& info, const io::ModelFolder& base, const io::Weights& weights) {
  const auto parameters = model.named_parameters();
  const bool dinov2 = parameters.contains("vision.blocks.0.scale1");
  const bool registers = parameters.contains("vision.registers");
  const auto type = type_of(base);
  const bool clips = type == "timesformer" && !model.info().description.starts_with("TimeSformer space");
  const bool known = type.empty() || type == "vit" || type.starts_with("dinov2") || clips;
  if (!known || has_other_tokens(model)) {
    return nowhere(fmt::format("head.safetensors: transformers has no classifier for it beside {}",
                               type.empty() ? "these tokens" : type));
  }
  const std::string own = clips ? "timesformer." : !dinov2 ? "vit." : registers ? "dinov2_with_registers." : "dinov2.";
  const auto prefix = before(weights, "embeddings.patch_embeddings.projection.weight");
  if (!prefix || (!prefix->empty() && *prefix != own)) {
    return nowhere(fmt::format("head.safetensors: weights named '{}...' are of another class of transformers",
                               prefix.value_or("")));
  }
  PlacedHead head;
  if (prefix->empty()) head.prefix = own;
  at::Tensor weight = trained.weight.detach();
  if (dinov2) weight = at::cat({weight, at::zeros_like(weight)}, 1);
  head.tensors = {{"classifier.weight", weight}, {"classifier.bias", trained.bias.detach()}};
  head.description.architecture = clips       ? "TimesformerForVideoClassification"
                                  : !dinov2   ? "ViTForImageClassification"
                                  : registers ? "Dinov2WithRegistersForImageClassification"
                                              : "Dinov2ForImageClassification";
  head.description.classes = info.classes;
  head.text = fmt::format("classifier of transformers' {}", head.description.architecture);
  return head;
}

PlacedHead in_timm(const models::LinearHead& trained, const models::Model& model, const engine::AdapterInfo& info,
                   const io::Weights& weights) {
  if (model.named_parameters().contains("vision.distillation")) {
    return nowhere("head.safetensors: timm's distilled models have two heads");
  }
  const bool residual = model.info().family == "resnet";
  if (const auto prefix = before(weights, residual ? "layer1.0.bn1.weight" : "patch_embed.proj.weight");
      !prefix || !prefix->empty()) {
    return nowhere(fmt::format("head.safetensors: timm does not read weights named '{}...'", prefix.value_or("")));
  }
  PlacedHead head;
  const std::string name = residual ? "fc" : "head";
  head.tensors = {{name + ".weight", trained.weight.detach()}, {name + ".bias", trained.bias.detach()}};
  head.description.classes = info.classes;
  head.text = "head of timm's model";
  return head;
}

// DeepLabv3's classes are a 1 x 1 convolution behind its context module.
PlacedHead in_deeplab(const models::PixelHead& trained) {
  PlacedHead head;
  head.tensors = {{"classifier.4.weight", trained.weight.detach().unsqueeze(2).unsqueeze(3)},
                  {"classifier.4.bias", trained.bias.detach()}};
  head.text = "classes of torchvision's DeepLabv3";
  return head;
}

}  // namespace

PlacedHead place_head(const methods::Adapted& adapted, const engine::AdapterInfo& info, const io::ModelFolder& base,
                      const io::Weights& weights) {
  const auto* pixels = dynamic_cast<const models::PixelHead*>(adapted.head.get());
  if (pixels && adapted.model->info().family == "deeplab" && pixels->map_at() == adapted.model->reader().dense())
    return in_deeplab(*pixels);
  if (adapted.head->map_at())
    return nowhere("head.safetensors: its classes are of pixels, for which other programs have no place here");
  if (adapted.head->kind() == models::HeadKind::prompts)
    return nowhere("class prompts: graft.json has the classes and templates");
  const auto* trained = dynamic_cast<const models::LinearHead*>(adapted.head.get());
  if (!trained || info.classes.empty())
    return nowhere("head.safetensors: it tells no classes, and for those alone other programs have a place");
  const auto& model = *adapted.model;
  const auto library = library_of(model.info());
  if (library == Library::open_clip || model.info().family == "clip") {
    return nowhere("head.safetensors: the CLIP classes of open_clip and transformers have no place for a linear head");
  }
  if (adapted.head_at != model.reader().last()) return nowhere("head.safetensors: it reads a block in the middle");
  if (trained->reads_unit_features()) {
    return nowhere("head.safetensors: it reads features of unit length");
  }
  const auto& layout = model.info().layout;
  if (layout == "torchvision" || layout == "cifar" || layout == "i3d" || layout == "timesformer") {
    return nowhere("head.safetensors: its classes have no place beside weights in these names");
  }
  if (library == Library::transformers) return in_transformers(*trained, model, info, base, weights);
  if (!base.config && !needs_description(base, model.info())) {
    return nowhere("head.safetensors: DINO's own code has no head for it");
  }
  return in_timm(*trained, model, info, weights);
}

}  // namespace graft::pipelines
