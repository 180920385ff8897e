// Resizing of maps, an axis at a time: each place of the result is at a real place of the source, and made of its
// neighbours there (ONNX's Resize, and Upsample before it).
#include <torch/types.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <numeric>

#include "graft/core/printable.h"
#include "graft/models/onnx/operators.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::onnx {
namespace {

struct Way {
  std::string mode, coordinates, nearest;
  float cubic = -0.75f;
  bool only_inside = false;  // neighbours outside count nothing
};

// One axis, where it is resized.
struct Along {
  int64_t axis = 0, from = 0, to = 0;
  float scale = 1;
};

float place_of(const Way& way, const Along& along, int64_t i) {
  const auto x = static_cast<float>(i), from = static_cast<float>(along.from), to = static_cast<float>(along.to);
  if (way.coordinates == "asymmetric") return x / along.scale;
  if (way.coordinates == "align_corners") return along.to == 1 ? 0 : x * (from - 1) / (to - 1);
  if (way.coordinates == "pytorch_half_pixel" && along.to == 1) return 0;
  if (way.coordinates == "half_pixel_symmetric") {
    const float adjusted = to / (along.scale * from), middle = from / 2;
    return middle * (1 - adjusted) + (x + 0.5f) / along.scale - 0.5f;
  }
  return (x + 0.5f) / along.scale - 0.5f;
}

float nearest_of(const std::string& nearest, float x) {
  if (nearest == "floor") return std::floor(x);
  if (nearest == "ceil") return std::ceil(x);
  if (nearest == "round_prefer_ceil") return std::floor(x + 0.5f);
  return std::ceil(x - 0.5f);
}

// Keys 1981, with the edges' slope `a`: the weights of the neighbours at -1, 0, 1 and 2 of a place `t` behind 0.
std::array<float, 4> cubic_weights(float t, float a) {
  const auto near = [&](float x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
  const auto far = [&](float x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

// The neighbours of each place of the result, and what they weigh.
struct Taps {
  std::vector<std::vector<int64_t>> places;
  std::vector<std::vector<float>> weights;
};

Taps taps_of(const Way& way, const Along& along) {
  const size_t count = way.mode == "nearest" ? 1 : way.mode == "linear" ? 2 : 4;
  Taps taps{std::vector(count, std::vector<int64_t>()), std::vector(count, std::vector<float>())};
  for (int64_t i = 0; i < along.to; ++i) {
    const float x = place_of(way, along, i), below = std::floor(x);
    std::array<float, 4> weights = {1};
    auto first = static_cast<int64_t>(below);
    if (way.mode == "nearest") {
      first = static_cast<int64_t>(nearest_of(way.nearest, x));
    } else if (way.mode == "linear") {
      weights = {1 - (x - below), x - below};
    } else {
      weights = cubic_weights(x - below, way.cubic);
      --first;
    }
    float all = 0;
    for (size_t k = 0; k < count; ++k) {
      const auto place = first + static_cast<int64_t>(k);
      if (way.only_inside && (place < 0 || place >= along.from)) weights[k] = 0;
      all += weights[k];
      taps.places[k].push_back(std::clamp<int64_t>(place, 0, along.from - 1));
    }
    for (size_t k = 0; k < count; ++k)
      taps.weights[k].push_back(way.only_inside ? weights[k] / all : weights[k]);
  }
  return taps;
}

at::Tensor resized(const at::Tensor& x, const Way& way, const Along& along) {
  const auto taps = taps_of(way, along);
  at::Tensor sum;
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[static_cast<size_t>(along.axis)] = along.to;
  for (size_t k = 0; k < taps.places.size(); ++k) {
    auto part = x.index_select(along.axis, torch::tensor(taps.places[k], tensor::on_cpu(at::kLong)));
    if (taps.places.size() == 1) return part;
    part.mul_(torch::tensor(taps.weights[k], x.options()).reshape(shape));
    sum = sum.defined() ? sum.add_(part) : part;
  }
  return sum;
}

// libtorch's own form of the usual way: linear, of two neighbouring axes behind all others.
bool is_plane(const at::Tensor& x, const Way& way, const std::vector<Along>& all) {
  return way.mode == "linear" && !way.only_inside && all.size() == 2 && all[0].axis == x.dim() - 2 &&
         all[1].axis == x.dim() - 1 &&
         (way.coordinates == "half_pixel" || way.coordinates == "align_corners" ||
          (way.coordinates == "pytorch_half_pixel" && all[0].to > 1 && all[1].to > 1));
}

at::Tensor resized_plane(const at::Tensor& x, const Way& way, const std::vector<Along>& all) {
  const auto &rows = all[0], &columns = all[1];
  auto shape = x.sizes().vec();
  shape[shape.size() - 2] = rows.to;
  shape.back() = columns.to;
  return at::upsample_bilinear2d(x.reshape({1, -1, rows.from, columns.from}), {rows.to, columns.to},
                                 way.coordinates == "align_corners", rows.scale, columns.scale)
      .reshape(shape);
}

void check(const Call& call, const at::Tensor& x, const Way& way) {
  const auto need = [&](const char* name, const std::string& got, std::initializer_list<std::string_view> known) {
    std::string all;
    for (const auto one : known) {
      if (got == one) return;
      all += (all.empty() ? "" : ", ") + std::string(one);
    }
    call.refuse("{} '{}': expected one of {}.", name, printable(got), all);
  };
  need("mode", way.mode, {"nearest", "linear", "cubic"});
  need("coordinate_transformation_mode", way.coordinates,
       {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"});
  need("nearest_mode", way.nearest, {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
  if (way.mode != "nearest" && !x.is_floating_point()) call.refuse("mode {} of {}.", way.mode, x.dtype().name());
}

Outputs resize_all(const Call& call, const Way& way, const std::vector<Along>& all) {
  auto x = call.input(0);
  auto shape = x.sizes().vec();
  for (const auto& along : all) {
    if (along.from < 1 || along.to < 1)
      call.refuse("axis {} from a length of {} to {}: expected 1 or more.", along.axis, along.from, along.to);
    shape[static_cast<size_t>(along.axis)] = along.to;
  }
  call.allow(shape);
  if (is_plane(x, way, all)) return {resized_plane(x, way, all)};
  for (const auto& along : all)
    x = resized(x, way, along);
  return {x};
}

// Axes whose length or scale changes.
std::vector<Along> by_scales(const Call& call, const std::vector<int64_t>& axes, const at::Tensor& scales) {
  const auto given = scales.to(at::kFloat).contiguous();
  if (given.dim() != 1 || given.size(0) != static_cast<int64_t>(axes.size()))
    call.refuse("{} scales of {} axes.", given.numel(), axes.size());
  std::vector<Along> all;
  for (size_t i = 0; i < axes.size(); ++i) {
    const float scale = given.const_data_ptr<float>()[i];
    const auto from = call.input(0).size(axes[i]);
    const float to = std::floor(static_cast<float>(from) * scale);
    if (!(scale > 0) || !(to <= static_cast<float>(kMostNumbers))) call.refuse("a scale of {}.", scale);
    if (scale != 1) all.push_back({axes[i], from, static_cast<int64_t>(to), scale});
  }
  return all;
}

std::vector<Along> by_sizes(const Call& call, const std::vector<int64_t>& axes, const std::vector<int64_t>& sizes) {
  if (sizes.size() != axes.size()) call.refuse("{} sizes of {} axes.", sizes.size(), axes.size());
  std::vector<Along> all;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto from = call.input(0).size(axes[i]);
    if (sizes[i] < 1 || sizes[i] > kMostNumbers) call.refuse("a size of {}.", sizes[i]);
    if (sizes[i] != from)
      all.push_back({axes[i], from, sizes[i], static_cast<float>(sizes[i]) / static_cast<float>(from)});
  }
  return all;
}

std::vector<int64_t> all_axes(const at::Tensor& x) {
  std::vector<int64_t> axes(static_cast<size_t>(x.dim()));
  std::iota(axes.begin(), axes.end(), int64_t{0});
  return axes;
}

}  // namespace

Outputs resize(const Call& call) {
  const auto& x = call.input(0);
  const Way way{.mode = call.text("mode", "nearest"),
                .coordinates = call.text("coordinate_transformation_mode", "half_pixel"),
                .nearest = call.text("nearest_mode", "round_prefer_floor"),
                .cubic = call.real("cubic_coeff_a", -0.75f),
                .only_inside = call.flag("exclude_outside", false)};
  check(call, x, way);
  if (call.flag("antialias", false)) call.refuse("antialias is not understood.");
  const auto policy = call.text("keep_aspect_ratio_policy", "stretch");
  if (policy != "stretch") call.refuse("keep_aspect_ratio_policy '{}': expected stretch.", printable(policy));
  auto axes = all_axes(x);
  if (const auto said = call.integers("axes")) axes = call.axes(*said, x.dim());
  // Input 1 is a region, of a way that is refused; an exporter may leave scales there and empty.
  const bool scaled = call.has(2) && call.input(2).numel() > 0, sized = call.has(3) && call.input(3).numel() > 0;
  if (scaled == sized) call.refuse("expected either scales or sizes.");
  return resize_all(call, way,
                    scaled ? by_scales(call, axes, call.input(2)) : by_sizes(call, axes, call.integers_of(3)));
}

// Resize of opset 10 and Upsample: a place is its number by the scale.
Outputs resize_by_corners(const Call& call) {
  const auto& x = call.input(0);
  const Way way{.mode = call.text("mode", "nearest"), .coordinates = "asymmetric", .nearest = "floor"};
  check(call, x, way);
  if (way.mode == "cubic") call.refuse("mode cubic is of opset 11 and later.");
  const auto attribute = call.reals("scales");
  const auto scales = attribute ? torch::tensor(*attribute, tensor::on_cpu()) : call.input(1);
  const auto all = by_scales(call, all_axes(x), scales);
  for (const auto& along : all) {
    if (along.scale < 1 && way.mode == "nearest")
      call.refuse("nearest with a scale of {}: which neighbour opset {} means is not said.", along.scale, call.opset());
  }
  return resize_all(call, way, all);
}

}  // namespace graft::models::onnx
