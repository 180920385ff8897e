#include "graft/models/preprocessing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "graft/core/error.h"
#include "graft/core/options.h"

namespace graft::models {
namespace {

using io::JsonObject;
using nlohmann::json;

constexpr std::array<float, 3> kImageNetMean = {0.485f, 0.456f, 0.406f};
constexpr std::array<float, 3> kImageNetStd = {0.229f, 0.224f, 0.225f};
constexpr std::array<float, 3> kHalf = {0.5f, 0.5f, 0.5f};
constexpr const char* kOtherPixels = "The photos would not be prepared as the model expects, so nothing was loaded.";

data::Filter filter_named(const std::string& name) {
  for (const auto& [filter, text] : choices(data::Filter{})) {
    if (text == name) return filter;
  }
  throw ModelError("model", "an interpolation that graft does not know: '{}'.", name);
}

// Pillow's numbers, which transformers writes as "resample", or their names ("bicubic", "InterpolationMode.BICUBIC").
data::Filter read_resample(const JsonObject& config, data::Filter usual) {
  constexpr std::array kFilters = {data::Filter::nearest, data::Filter::lanczos, data::Filter::bilinear,
                                   data::Filter::bicubic, data::Filter::box,     data::Filter::hamming};
  const auto& value = config.raw("resample");
  if (value.is_null()) return usual;
  if (value.is_string()) {
    auto name = value.get<std::string>();
    if (const auto dot = name.rfind('.'); dot != name.npos) name.erase(0, dot + 1);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const auto& [filter, text] : choices(data::Filter{}))
      if (text == name) return filter;
  } else if (const auto number = config.get("resample", int64_t{-1});
             number >= 0 && number < int64_t(kFilters.size())) {
    return kFilters[static_cast<size_t>(number)];
  }
  config.refuse(config.name_of("resample"), "one of Pillow's filters, 0 to 5 or its name", &value);
}

std::array<float, 3> channels(const JsonObject& config, const char* key, std::array<float, 3> usual) {
  const auto& value = config.raw(key);
  if (value.is_null()) return usual;
  if (value.is_number()) {
    usual.fill(value.get<float>());
    return usual;
  }
  const auto numbers = config.need<std::vector<double>>(key);
  if (numbers.size() != 3) config.refuse(config.name_of(key), "three numbers", &value);
  return {static_cast<float>(numbers[0]), static_cast<float>(numbers[1]), static_cast<float>(numbers[2])};
}

int side(const JsonObject& config, const std::string& name, const json& value) {
  constexpr int kMostPixels = 1 << 16;
  if (!value.is_number() || value.get<double>() != std::floor(value.get<double>()) || value.get<double>() < 1 ||
      value.get<double>() > kMostPixels) {
    config.refuse(name, "pixels, 1 or more", &value);
  }
  return static_cast<int>(value.get<double>());
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

// What transformers' image processors do where the file is silent.
struct ProcessorClass {
  const char* name;
  data::Filter resample;
  bool openai;        // mean and std, else 0.5
  int size;           // of both sides, or the shorter
  bool shorter_side;  // where size is one number
  bool center_crop;   // to 224
};
constexpr ProcessorClass kProcessors[] = {
    {"CLIPImageProcessor", data::Filter::bicubic, true, 224, true, true},
    {"BitImageProcessor", data::Filter::bicubic, true, 224, true, true},
    {"ViTImageProcessor", data::Filter::bilinear, false, 224, false, false},
    {"DeiTImageProcessor", data::Filter::bicubic, false, 256, false, true},
    {"SiglipImageProcessor", data::Filter::bicubic, false, 224, false, false},
    {"VideoMAEImageProcessor", data::Filter::bilinear, false, 224, true, true},
};
constexpr int kCrop = 224;

const ProcessorClass& processor_of(const JsonObject& config, const char* usual) {
  auto name = config.get<std::string>("image_processor_type", config.get<std::string>("feature_extractor_type", usual));
  const auto typed = name;
  for (const std::string ending : {"Fast", "Pil"})
    if (name.ends_with(ending)) name.erase(name.size() - ending.size());
  if (name.ends_with("FeatureExtractor")) name.replace(name.rfind("FeatureExtractor"), name.npos, "ImageProcessor");
  std::string known;
  for (const auto& each : kProcessors) {
    if (each.name == name) return each;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
  }
  throw ModelError("model", "{}: photos are prepared by {}, which graft does not know. Known: {}.", config.file(),
                   typed, known);
}

// "size": a number, [height, width], {"height", "width"} or {"shortest_edge"}.
void read_size(const JsonObject& config, const ProcessorClass& processor, data::Preprocessing& result) {
  const auto& value = config.raw("size");
  const auto name = config.name_of("size");
  const auto square = [&](int pixels) { result.resize = {pixels, pixels}; };
  if (value.is_number()) {
    square(side(config, name, value));
    const bool shorter = !config.get("default_to_square", !processor.shorter_side);
    result.resize_mode = shorter ? data::ResizeMode::shortest : data::ResizeMode::squash;
    return;
  }
  config.ignore({"default_to_square"});
  if (value.is_array() && value.size() == 2) {
    result.resize = {side(config, name, value[0]), side(config, name, value[1])};
    result.resize_mode = data::ResizeMode::squash;
  } else if (!value.is_null()) {
    if (!value.is_object()) config.refuse(name, "a number, [height, width] or an object", &value);
    const auto size = config.object("size");
    if (size.has("height") && size.has("width") && !size.has("shortest_edge")) {
      result.resize = {side(size, size.name_of("height"), size.raw("height")),
                       side(size, size.name_of("width"), size.raw("width"))};
      result.resize_mode = data::ResizeMode::squash;
    } else if (size.has("shortest_edge") && !size.has("height") && !size.has("width")) {
      square(side(size, size.name_of("shortest_edge"), size.raw("shortest_edge")));
      result.resize_mode = data::ResizeMode::shortest;
    } else {
      config.refuse(name, "height and width, or shortest_edge", &value);
    }
  }
}

data::Size read_crop(const JsonObject& config) {
  const auto& value = config.raw("crop_size");
  const auto name = config.name_of("crop_size");
  if (value.is_null()) return {kCrop, kCrop};
  if (value.is_number()) return {side(config, name, value), side(config, name, value)};
  if (value.is_array() && value.size() == 2) return {side(config, name, value[0]), side(config, name, value[1])};
  if (!value.is_object()) config.refuse(name, "a number, [height, width] or an object", &value);
  const auto size = config.object("crop_size");
  return {side(size, size.name_of("height"), size.raw("height")), side(size, size.name_of("width"), size.raw("width"))};
}

// Every photo must come out in one size, which is the one that the model reads.
void check_one_size(const JsonObject& config, const data::Preprocessing& result) {
  if (result.crop || result.resize_mode == data::ResizeMode::squash) return;
  throw ModelError("model",
                   "{}: photos keep their shape ({}), so each would have a size of its own: expected do_center_crop = "
                   "true with a crop_size, or a size with height and width. Correct the file.",
                   config.file(),
                   result.resize_mode == data::ResizeMode::none ? "do_resize = false" : "size = {\"shortest_edge\"}");
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

data::Preprocessing open_clip_preprocessing(const JsonObject& config, data::Preprocessing habit) {
  auto result = habit;
  // Other keys open_clip leaves aside; the size is always that of the model.
  config.ignore({"*"});
  config.expect("mode", {"RGB"}, kOtherPixels);
  result.mean = channels(config, "mean", result.mean);
  result.std = channels(config, "std", result.std);
  config.expect("interpolation", {"bicubic", "bilinear", "random"}, kOtherPixels);
  if (config.get<std::string>("interpolation", "bicubic") == "bilinear") result.interpolation = data::Filter::bilinear;
  config.expect("resize_mode", {"shortest", "longest", "squash"}, kOtherPixels);
  option::parse("model", "resize_mode", config.get<std::string>("resize_mode", "shortest"), result.resize_mode);
  const auto& fill = config.raw("fill_color");
  if (fill.is_null()) return result;
  const auto colours = fill.is_array() ? config.get("fill_color", std::vector<int64_t>())
                                       : std::vector<int64_t>(3, config.get("fill_color", int64_t{0}));
  const bool bytes = std::ranges::all_of(colours, [](int64_t c) { return c >= 0 && c <= 255; });
  if (colours.size() != 3 || !bytes) config.refuse(config.name_of("fill_color"), "0 to 255, once or thrice", &fill);
  for (size_t c = 0; c < 3; ++c)
    result.fill[c] = static_cast<uint8_t>(colours[c]);
  return result;
}

data::Preprocessing transformers_preprocessing(const JsonObject& config, const char* usual) {
  const auto& processor = processor_of(config, usual);
  data::Preprocessing result;
  result.crop_rounding = data::CropRounding::transformers;
  result.resize = {processor.size, processor.size};
  result.resize_mode = processor.shorter_side ? data::ResizeMode::shortest : data::ResizeMode::squash;
  result.crop.reset();
  read_size(config, processor, result);
  result.interpolation = read_resample(config, processor.resample);
  if (!config.get("do_resize", true)) result.resize_mode = data::ResizeMode::none;
  const auto crop = read_crop(config);
  if (config.get("do_center_crop", processor.center_crop)) result.crop = crop;
  result.scale = config.get("rescale_factor", result.scale);
  if (!config.get("do_rescale", true)) result.scale = 1;
  result.mean = channels(config, "image_mean", processor.openai ? result.mean : kHalf);
  result.std = channels(config, "image_std", processor.openai ? result.std : kHalf);
  if (!config.get("do_normalize", true)) {
    result.mean.fill(0);
    result.std.fill(1);
  }
  // graft's photos are RGB whatever this stands.
  config.ignore({"do_convert_rgb", "data_format", "input_data_format", "return_tensors", "device", "disable_grouping",
                 "_*", "processor_class", "auto_map", "image_seq_length"});
  config.expect("do_pad", {false}, kOtherPixels);
  config.refuse_unread("model", kOtherPixels);
  check_one_size(config, result);
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
