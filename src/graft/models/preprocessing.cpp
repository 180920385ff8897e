#include "graft/models/preprocessing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "graft/core/error.h"

namespace graft::models {
namespace {

using nlohmann::json;

constexpr std::array<float, 3> kImageNetMean = {0.485f, 0.456f, 0.406f};
constexpr std::array<float, 3> kImageNetStd = {0.229f, 0.224f, 0.225f};

data::Filter filter_named(const std::string& name) {
  for (const auto& [filter, text] : choices(data::Filter{})) {
    if (text == name) return filter;
  }
  throw ModelError("model", "an interpolation that graft does not know: '{}'.", name);
}

// Pillow's numbers, which transformers writes as "resample".
data::Filter filter_numbered(int number) {
  constexpr std::array kFilters = {data::Filter::nearest, data::Filter::lanczos, data::Filter::bilinear,
                                   data::Filter::bicubic, data::Filter::box,     data::Filter::hamming};
  if (number < 0 || number >= static_cast<int>(kFilters.size())) {
    throw ModelError("model", "a resample filter that graft does not know: {}.", number);
  }
  return kFilters[number];
}

std::array<float, 3> three(const json& list, const char* what) {
  if (!list.is_array() || list.size() != 3) {
    throw ModelError("model", "{}: expected three numbers, got {}.", what, list.dump());
  }
  return {list[0].get<float>(), list[1].get<float>(), list[2].get<float>()};
}

data::Size size_of(const json& value) {
  if (value.is_number()) return {value.get<int>(), value.get<int>()};
  if (value.is_array() && value.size() == 2) return {value[0].get<int>(), value[1].get<int>()};
  if (value.is_object() && value.contains("shortest_edge")) {
    return {value["shortest_edge"].get<int>(), value["shortest_edge"].get<int>()};
  }
  if (value.is_object() && value.contains("height")) return {value["height"].get<int>(), value["width"].get<int>()};
  throw ModelError("model", "an image size that graft cannot read: {}.", value.dump());
}

// One number for all channels, or one for each.
std::array<double, 3> timm_channels(const io::JsonObject& config, const char* key, std::array<double, 3> usual) {
  const auto& value = config.raw(key);
  if (value.is_null() || (value.is_array() && value.empty())) return usual;
  const auto numbers = value.is_number() ? std::vector{config.get(key, 0.0)} : config.get(key, std::vector<double>());
  if (numbers.size() == 1) return {numbers[0], numbers[0], numbers[0]};
  if (numbers.size() != 3) config.refuse(config.name_of(key), "one number, or three", &value);
  return {numbers[0], numbers[1], numbers[2]};
}

data::Size resize_of_share(data::Size crop, double share) {
  return {static_cast<int>(std::floor(crop.height / share)), static_cast<int>(std::floor(crop.width / share))};
}

bool says(const json& config, const char* key) {
  return config.contains(key) && !config[key].is_null();
}

void read_mean_and_std(const json& config, const char* mean, const char* std, data::Preprocessing& result) {
  if (says(config, mean)) result.mean = three(config[mean], mean);
  if (says(config, std)) result.std = three(config[std], std);
}

}  // namespace

data::Preprocessing clip_preprocessing(int size) {
  data::Preprocessing result;
  result.resize = {size, size};
  result.crop = data::Size{size, size};
  return result;
}

data::Preprocessing imagenet_preprocessing(int size) {
  data::Preprocessing result;
  const int shorter = static_cast<int>(std::lround(size * 256.0 / 224));
  result.resize = {shorter, shorter};
  result.crop = data::Size{size, size};
  result.mean = kImageNetMean;
  result.std = kImageNetStd;
  return result;
}

data::Preprocessing open_clip_preprocessing(const json& config, data::Preprocessing habit) {
  auto result = habit;
  if (says(config, "size")) {
    result.resize = size_of(config["size"]);
    result.crop = result.resize;
  }
  read_mean_and_std(config, "mean", "std", result);
  if (says(config, "interpolation") && config["interpolation"] != "random") {
    result.interpolation = filter_named(config["interpolation"].get<std::string>());
  }
  if (says(config, "resize_mode")) {
    const auto mode = config["resize_mode"].get<std::string>();
    if (mode == "shortest")
      result.resize_mode = data::ResizeMode::shortest;
    else if (mode == "longest")
      result.resize_mode = data::ResizeMode::longest;
    else if (mode == "squash")
      result.resize_mode = data::ResizeMode::squash;
    else
      throw ModelError("model", "a resize_mode that graft does not know: '{}'.", mode);
  }
  if (says(config, "fill_color") && config["fill_color"].is_number()) {
    result.fill.fill(config["fill_color"].get<uint8_t>());
  }
  return result;
}

data::Preprocessing transformers_preprocessing(const json& config, data::Preprocessing habit) {
  auto result = habit;
  result.crop_rounding = data::CropRounding::transformers;
  if (says(config, "size")) {
    result.resize = size_of(config["size"]);
    const bool shortest =
        config["size"].is_object() ? config["size"].contains("shortest_edge") : config.value("do_center_crop", false);
    result.resize_mode = shortest ? data::ResizeMode::shortest : data::ResizeMode::squash;
  }
  result.crop.reset();
  if (config.value("do_center_crop", false)) {
    result.crop = says(config, "crop_size") ? size_of(config["crop_size"]) : result.resize;
  }
  if (result.resize_mode == data::ResizeMode::shortest && !result.crop) result.crop = result.resize;
  if (says(config, "resample")) result.interpolation = filter_numbered(config["resample"].get<int>());
  if (config.value("do_normalize", true)) read_mean_and_std(config, "image_mean", "image_std", result);
  return result;
}

// timm: each side is resized to floor(side / crop_pct), then the centre is cut. crop_mode: "center" keeps the shape and
// cuts what is longer, "squash" does not keep it, "border" puts the whole photo in and pads with the mean.
data::Preprocessing timm_preprocessing(const io::JsonObject& config, data::Size size) {
  data::Preprocessing result;
  const double share = config.get("crop_pct", 0.0);
  if (!(share >= 0 && share < 100))
    config.refuse(config.name_of("crop_pct"), "a share of the image", &config.raw("crop_pct"));
  result.crop = size;
  result.crop_share = share > 0 ? share : 0.875;  // timm takes 0 for none, too
  result.resize = resize_of_share(size, *result.crop_share);
  const auto means = timm_channels(config, "mean", {0.485, 0.456, 0.406});
  const auto stds = timm_channels(config, "std", {0.229, 0.224, 0.225});
  for (size_t c = 0; c < 3; ++c) {
    result.mean[c] = static_cast<float>(means[c]);
    result.std[c] = static_cast<float>(stds[c]);
  }
  constexpr const char* kUnknown = "The photos would not be prepared as the model was trained on.";
  config.expect("interpolation", {"bicubic", "bilinear", "nearest", "lanczos", "box", "hamming"}, kUnknown);
  result.interpolation = filter_named(config.get<std::string>("interpolation", "bicubic"));
  config.expect("crop_mode", {"center", "squash", "border"}, kUnknown);
  const auto mode = config.get<std::string>("crop_mode", "center");
  if (mode == "squash") result.resize_mode = data::ResizeMode::squash;
  if (mode == "border") {
    result.resize_mode = data::ResizeMode::longest;
    for (size_t c = 0; c < 3; ++c) {
      const double level = std::nearbyint(255.0 * means[c]);
      result.fill[c] = static_cast<std::uint8_t>(std::clamp(level, 0.0, 255.0));
    }
  }
  return result;
}

data::Preprocessing at_size(data::Preprocessing preprocessing, int64_t size, int64_t patch) {
  const auto own = preprocessing.output();
  const bool is_own = own.height == size && own.width == size;
  if (!is_own && (size < patch || size % patch != 0)) {
    throw ConfigError("model", "image size {}: expected a multiple of the model's patch, {}. The nearest is {}.", size,
                      patch, std::max<int64_t>(1, (size + patch / 2) / patch) * patch);
  }
  if (is_own) return preprocessing;
  const int side = static_cast<int>(size);
  if (preprocessing.crop_share) {
    preprocessing.crop = data::Size{side, side};
    preprocessing.resize = resize_of_share(*preprocessing.crop, *preprocessing.crop_share);
    return preprocessing;
  }
  const auto scaled = [&](int side, int of) { return static_cast<int>(std::lround(double(side) * size / of)); };
  preprocessing.resize = {scaled(preprocessing.resize.height, own.height),
                          scaled(preprocessing.resize.width, own.width)};
  if (preprocessing.crop) preprocessing.crop = data::Size{side, side};
  return preprocessing;
}

}  // namespace graft::models
