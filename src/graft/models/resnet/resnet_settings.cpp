#include "graft/models/resnet/resnet_settings.h"

#include <fmt/ranges.h>

#include "graft/core/error.h"
#include "graft/models/batch_norms.h"
#include "graft/models/preprocessing.h"
#include "graft/models/timm_keys.h"
#include "graft/models/vit/timm_config.h"

namespace graft::models::resnet {
namespace {

using io::JsonObject;

constexpr int kPhoto = 224, kCifarPhoto = 32;
constexpr const char* kOtherModel = "graft's blocks do not compute this.";
constexpr const char* kNotUnderstood = "It could change the features, so nothing was loaded.";

// timm's names of the plain networks. Others have the same tensors and compute otherwise (resnetblur50, resnetaa50).
struct Architecture {
  const char* name;
  std::vector<int64_t> depths;
  bool bottleneck;
};

const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> all = {{"resnet18", {2, 2, 2, 2}, false},  {"resnet34", {3, 4, 6, 3}, false},
                                                {"resnet26", {2, 2, 2, 2}, true},   {"resnet50", {3, 4, 6, 3}, true},
                                                {"resnet101", {3, 4, 23, 3}, true}, {"resnet152", {3, 8, 36, 3}, true}};
  return all;
}

const Architecture& architecture_of(const JsonObject& config) {
  const auto name = config.need<std::string>("architecture");
  std::vector<std::string> known;
  for (const auto& each : architectures()) {
    if (name == each.name) return each;
    known.emplace_back(each.name);
  }
  throw ModelError("resnet", "{}: graft does not know this architecture: {}. Known: {}.", config.file(), name,
                   fmt::join(known, ", "));
}

void check_args(const JsonObject& args) {
  args.expect("in_chans", {3}, "graft reads photos, of three channels.");
  args.expect("output_stride", {32}, kOtherModel);
  args.expect("global_pool", {"avg"}, kOtherModel);
  for (const auto* key : {"cardinality", "block_reduce_first", "down_kernel_size"})
    args.expect(key, {1}, kOtherModel);
  args.expect("base_width", {64}, kOtherModel);
  args.expect("stem_type", {""}, kOtherModel);
  for (const auto* key : {"replace_stem_pool", "avg_down", "features_only"})
    args.expect(key, {false}, kOtherModel);
  args.expect("aa_layer", {""}, kOtherModel);
  args.expect("act_layer", {"relu", "ReLU"}, kOtherModel);
  args.expect("norm_layer", {"batchnorm", "batchnorm2d", "BatchNorm2d"}, kOtherModel);
  // Told by the tensors; of deep stems; of training.
  args.ignore({"layers", "channels", "num_classes", "stem_width", "drop_rate", "drop_path_rate", "drop_block_rate",
               "zero_init_last", "out_indices"});
  args.refuse_unread("resnet", kNotUnderstood);
}

void read_timm(const JsonObject& config, const Shape& shape, Settings& settings) {
  const auto& architecture = architecture_of(config);
  const auto args = config.object("model_args");
  check_args(args);
  config.expect("global_pool", {"avg"}, kOtherModel);
  const bool resized = args.has("layers") || args.has("channels");
  if (architecture.bottleneck != shape.bottleneck || (!resized && architecture.depths != shape.depths)) {
    throw ModelError("resnet", "{} says {}, and the weights beside it have {} blocks of {} convolutions.",
                     config.file(), architecture.name, fmt::join(shape.depths, ", "), shape.bottleneck ? 3 : 2);
  }
  if (const auto features = config.find<int64_t>("num_features"); features && *features != shape.pooled) {
    throw ModelError("resnet", "{}: num_features = {}: expected {}, the model's width.", config.file(), *features,
                     shape.pooled);
  }
  const auto pretrained = config.find_object("pretrained_cfg").value_or(config);
  const auto size = vit::pixels_of(pretrained, "input_size").value_or(nn::Grid{kPhoto, kPhoto});
  settings.preprocessing =
      timm_preprocessing(pretrained, {static_cast<int>(size.rows), static_cast<int>(size.columns)});
  pretrained.ignore({"fixed_input_size"});
  ignore_timm_keys(pretrained);
  config.ignore({"num_classes", "label_names", "label_descriptions", "labels"});
  if (!config.has("pretrained_cfg")) return config.refuse_unread("resnet", kNotUnderstood);
  pretrained.refuse_unread("resnet", kNotUnderstood);
  if (const auto rest = config.unread(); !rest.empty()) {
    settings.notes.push_back(
        {.text = fmt::format("{}: left aside: {}", config.file(), fmt::join(rest, ", ")), .numbers = false});
  }
}

// The paper's CIFAR networks read all of a photo of 32 pixels; the weights that people have were trained on ImageNet's
// mean and std.
void read_cifar(Settings& settings) {
  settings.layout = "cifar";
  settings.preprocessing = imagenet_preprocessing(kCifarPhoto);
  settings.preprocessing.resize = {kCifarPhoto, kCifarPhoto};
  settings.preprocessing.interpolation = data::Filter::bilinear;
  settings.notes.push_back({"a CIFAR network: 32 pixels, ImageNet's mean and std assumed"});
}

}  // namespace

Settings settings_of(const io::ModelFolder& folder, const Shape& shape, const Told& told) {
  if (told.heads || told.activation) {
    throw ConfigError("model", "--{}: a ResNet has ReLUs and no heads. Leave it out.",
                      told.heads ? "heads" : "activation");
  }
  refuse_description("resnet", folder.preprocessor_config);
  if (shape.cifar) refuse_description("resnet", folder.config);
  Settings settings;
  std::string file;
  if (shape.cifar) {
    read_cifar(settings);
  } else if (folder.config && vit::is_timm_config(*folder.config)) {
    settings.layout = "timm";
    file = folder.config->file();
    read_timm(*folder.config, shape, settings);
  } else if (folder.config) {
    throw ModelError("resnet",
                     "{} names none of timm's architectures (\"architecture\"), and the weights beside it have timm's "
                     "names.",
                     folder.config->file());
  } else {
    settings.layout = "torchvision";
    settings.preprocessing = imagenet_preprocessing(kPhoto);
    settings.preprocessing.interpolation = data::Filter::bilinear;
    settings.notes.push_back(
        {"no config.json: a plain ResNet assumed (blurred pools and a stride in a bottleneck's first convolution do "
         "not show in tensors), and torchvision's photos: bilinear to 256, 224 of it, ImageNet's mean and std"});
  }
  settings.preprocessing = with_told(settings.preprocessing, told, file);
  return settings;
}

}  // namespace graft::models::resnet
