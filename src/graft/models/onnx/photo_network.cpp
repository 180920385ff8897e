#include "graft/models/onnx/photo_network.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <string_view>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/printable.h"
#include "graft/data/image_cache.h"
#include "graft/data/transforms.h"
#include "graft/io/mapped_file.h"
#include "graft/models/preprocessing.h"
#include "graft/models/told.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::onnx {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostSide = 1 << 14;

std::vector<fs::path> files_of(const fs::path& file, const io::OnnxFile& graph) {
  std::set<fs::path> others;
  for (const auto& [name, view] : graph.initializers) {
    if (view.file && view.file->path() != file) others.insert(view.file->path());
  }
  std::vector<fs::path> all = {file};
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

std::vector<std::string> wanted_output(const io::OnnxFile& graph, const std::string& asked) {
  if (!asked.empty()) return {asked};
  return graph.outputs.empty() ? std::vector<std::string>() : std::vector<std::string>{graph.outputs.front().name};
}

// "0.5", or three numbers with : or , between: where several options stand in one text, commas part those.
std::array<float, 3> channels(const char* name, std::string text) {
  std::ranges::replace(text, ':', ',');
  return parse_channels(name, text);
}

data::Size input_size(const Network& network, const PhotoOptions& options) {
  const auto& inputs = network.inputs();
  if (inputs.size() != 1)
    throw ModelError("onnx", "{}: its graph reads {} tensors: expected one, a photo.", network.name(), inputs.size());
  const auto& shape = inputs[0].shape;
  if (value_type(inputs[0].dtype) != at::kFloat || !shape || shape->size() != 4 || (*shape)[0].value_or(1) != 1 ||
      (*shape)[1].value_or(3) != 3)
    throw ModelError("onnx", "{}: its input '{}' is no photo: expected float32 [1, 3, height, width].", network.name(),
                     printable(inputs[0].name));
  const auto side_of = [&](size_t axis) {
    const auto said = (*shape)[axis];
    if (!said && options.side == 0)
      throw ConfigError("onnx", "{} reads photos of any size. Say which: side=320, as it was trained.", network.name());
    if (said && options.side != 0 && options.side != *said)
      throw ConfigError("onnx", "side {}: {} reads {} pixels and no other size.", options.side, network.name(), *said);
    return said.value_or(options.side);
  };
  const auto height = side_of(2), width = side_of(3);
  if (height < 1 || width < 1 || height > kMostSide || width > kMostSide)
    throw ConfigError("onnx", "{} x {} pixels: expected 1 to {} a side.", width, height, kMostSide);
  return {static_cast<int>(height), static_cast<int>(width)};
}

}  // namespace

std::vector<std::pair<Fit, std::string>> choices(Fit) {
  return {{Fit::stretch, "stretch"}, {Fit::pad, "pad"}};
}

PhotoNetwork::PhotoNetwork(const fs::path& file, PhotoOptions options)
    : options_(std::move(options)), network_([&] {
        auto graph = io::OnnxFile::open(file);
        files_ = files_of(file, graph);
        auto wanted = wanted_output(graph, options_.map);
        return Network(std::move(graph), wanted);
      }()) {
  size_ = input_size(network_, options_);
  const auto habit = imagenet_preprocessing(size_.height);
  mean_ = options_.mean.empty() ? habit.mean : channels("mean", options_.mean);
  std_ = options_.std.empty() ? habit.std : channels("std", options_.std);
  if (std::ranges::any_of(std_, [](float one) { return one <= 0; }))
    throw ConfigError("onnx", "std '{}': expected more than 0.", options_.std);
  if (options_.mean.empty() || options_.std.empty())
    notes_.push_back({fmt::format("{} does not say how colours are normalised: ImageNet's {} taken", network_.name(),
                                  !options_.mean.empty()  ? "std is"
                                  : !options_.std.empty() ? "mean is"
                                                          : "mean and std are")});
  if (options_.map.empty() && network_.outputs().front().name != "output")
    notes_.push_back({fmt::format("{}: its first output '{}' is taken as the map", network_.name(),
                                  printable(network_.outputs().front().name)),
                      /*numbers=*/false});
}

data::Rect PhotoNetwork::place_of(const data::Image& photo) const {
  if (options_.fit == Fit::stretch) return {0, 0, size_.width, size_.height};
  const double scale =
      std::min(static_cast<double>(size_.width) / photo.width, static_cast<double>(size_.height) / photo.height);
  const auto side = [&](int own, int most) { return std::clamp(static_cast<int>(std::lround(own * scale)), 1, most); };
  const int width = side(photo.width, size_.width), height = side(photo.height, size_.height);
  return {(size_.width - width) / 2, (size_.height - height) / 2, width, height};
}

at::Tensor PhotoNetwork::input_of(const data::Image& photo) const {
  const auto place = place_of(photo);
  auto pixels = data::resize(photo, {place.height, place.width}, data::Filter::bilinear);
  if (options_.fit == Fit::pad) pixels = data::crop(pixels, {-place.left, -place.top, size_.width, size_.height});
  const data::ImageTransform transform({.resize = size_, .mean = mean_, .std = std_});
  auto input = at::empty({1, 3, size_.height, size_.width}, tensor::on_cpu());
  transform.normalise(pixels, std::span(input.data_ptr<float>(), static_cast<size_t>(input.numel())));
  return input;
}

at::Tensor PhotoNetwork::read(const data::Image& photo) const {
  auto map = network_.run({input_of(photo)}).front();
  const auto refuse = [&](const std::string& what) {
    throw ModelError("onnx", "{}: its output '{}' {}", network_.name(), printable(network_.outputs().front().name),
                     what);
  };
  while (map.dim() > 2 && map.size(0) == 1 && !(map.dim() == 3 && map.is_floating_point()))
    map = map.squeeze(0);
  if (map.dim() == 2) map = map.unsqueeze(0);
  if (map.dim() != 3 || map.numel() == 0)
    refuse(fmt::format("has {} axes behind the photo's: expected a map [C, height, width].", map.dim()));
  if (map.is_floating_point()) {
    map = map.to(at::kFloat);
    if (!at::isfinite(map).all().item<bool>()) refuse("holds numbers that are not finite.");
  } else {
    map = map.to(at::kLong);
  }
  if (options_.fit == Fit::stretch) return map;
  // What lies over the photo, to the nearest place.
  const auto place = place_of(photo);
  const auto part = [](int64_t count, int first, int length, int whole) {
    const auto at = [&](int pixel) {
      return static_cast<int64_t>(std::lround(static_cast<double>(pixel) * static_cast<double>(count) / whole));
    };
    const auto begin = std::min(at(first), count - 1);
    return std::pair(begin, std::max<int64_t>(1, at(first + length) - begin));
  };
  const auto [top, rows] = part(map.size(1), place.top, place.height, size_.height);
  const auto [left, columns] = part(map.size(2), place.left, place.width, size_.width);
  return map.narrow(1, top, rows).narrow(2, left, columns).contiguous();
}

bool PhotoNetwork::gives_shares() const {
  const auto* node = network_.maker_of(0);
  return node && (node->type == "Sigmoid" || node->type == "HardSigmoid" || node->type == "Softmax");
}

std::string PhotoNetwork::maker() const {
  const auto* node = network_.maker_of(0);
  if (!node) return "nothing";
  return fmt::format("{} {}", std::string_view("AEIOU").find(node->type.front()) == std::string_view::npos ? "a" : "an",
                     printable(node->type));
}

std::string PhotoNetwork::content() const {
  Hash hash;
  for (const auto& file : files_)
    hash.add(data::content_of_file(file));
  return hash.hex();
}

}  // namespace graft::models::onnx
