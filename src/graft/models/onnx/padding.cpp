// Padding of any axes, with a number or with what lies inside.
#include <torch/types.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "graft/core/printable.h"
#include "graft/models/onnx/operators.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::onnx {
namespace {

// Where place i of an axis of `length`, which may lie outside, takes its number from.
int64_t source_of(const std::string& mode, int64_t i, int64_t length) {
  if (mode == "edge") return std::clamp<int64_t>(i, 0, length - 1);
  const auto modulo = [](int64_t a, int64_t b) { return ((a % b) + b) % b; };
  if (mode == "wrap") return modulo(i, length);
  if (length == 1) return 0;
  const auto period = 2 * (length - 1), place = modulo(i, period);  // reflect: the edge itself is not repeated
  return place < length ? place : period - place;
}

}  // namespace

Outputs pad(const Call& call) {
  constexpr int64_t kMostPad = int64_t{1} << 40;
  const auto& x = call.input(0);
  const auto mode = call.text("mode", "constant");
  if (mode != "constant" && mode != "edge" && mode != "reflect" && !(mode == "wrap" && call.opset() >= 19))
    call.refuse("mode '{}': expected constant, edge or reflect, or from opset 19 on wrap.", printable(mode));
  const auto pads = call.list("pads", 1);
  if (!pads) call.refuse("it does not say its pads.");
  std::vector<int64_t> axes(static_cast<size_t>(x.dim()));
  std::iota(axes.begin(), axes.end(), int64_t{0});
  if (call.has(3)) axes = call.axes(call.integers_of(3), x.dim());
  if (pads->size() != 2 * axes.size()) call.refuse("{} pads of {} axes: expected two each.", pads->size(), axes.size());
  auto shape = x.sizes().vec();
  std::vector<int64_t> around(2 * shape.size(), 0);  // as libtorch takes them: the last axis first
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto before = (*pads)[i], after = (*pads)[i + axes.size()];
    if (std::abs(before) > kMostPad || std::abs(after) > kMostPad) call.refuse("a pad of {} or {}.", before, after);
    const auto axis = static_cast<size_t>(axes[i]);
    shape[axis] += before + after;
    around[2 * (shape.size() - 1 - axis)] = before;
    around[2 * (shape.size() - 1 - axis) + 1] = after;
  }
  call.allow(shape);
  if (mode == "constant") {
    const double value = call.has(2) ? call.number_of(2) : call.real("value", 0);
    return {at::constant_pad_nd(x, around, value)};
  }
  auto y = x;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = axes[i], length = x.size(axis), before = (*pads)[i];
    if (length == 0) call.refuse("mode {} of an axis of length 0.", mode);
    std::vector<int64_t> sources(static_cast<size_t>(shape[static_cast<size_t>(axis)]));
    for (size_t k = 0; k < sources.size(); ++k)
      sources[k] = source_of(mode, static_cast<int64_t>(k) - before, length);
    y = y.index_select(axis, torch::tensor(sources, tensor::on_cpu(at::kLong)));
  }
  return {y};
}

}  // namespace graft::models::onnx
