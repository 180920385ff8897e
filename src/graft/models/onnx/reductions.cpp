// What is left of axes: their mean, largest, place of the largest.
#include <torch/types.h>

#include <algorithm>
#include <numeric>

#include "graft/models/onnx/operators.h"

namespace graft::models::onnx {
namespace {

// Calls `reduce` with the axes and whether they stay as ones. Of no axes all are meant, unless the node says none.
template <class Reduce>
Outputs over_axes(const Call& call, Reduce reduce) {
  const auto& x = call.input(0);
  auto axes = call.axes(call.list("axes", 1).value_or(std::vector<int64_t>()), x.dim());
  if (axes.empty()) {
    if (call.flag("noop_with_empty_axes", false)) return {x};
    axes.resize(static_cast<size_t>(x.dim()));
    std::iota(axes.begin(), axes.end(), int64_t{0});
  }
  if (axes.empty()) return {x};  // of a single number
  return {reduce(x, axes, call.flag("keepdims", true))};
}

}  // namespace

Outputs reduce_mean(const Call& call) {
  return over_axes(call, [](const at::Tensor& x, const auto& axes, bool keep) { return x.mean(axes, keep); });
}
Outputs reduce_sum(const Call& call) {
  return over_axes(
      call, [](const at::Tensor& x, const auto& axes, bool keep) { return at::sum(x, axes, keep, x.scalar_type()); });
}
Outputs reduce_max(const Call& call) {
  return over_axes(call, [](const at::Tensor& x, const auto& axes, bool keep) { return x.amax(axes, keep); });
}
Outputs reduce_min(const Call& call) {
  return over_axes(call, [](const at::Tensor& x, const auto& axes, bool keep) { return x.amin(axes, keep); });
}
Outputs reduce_l2(const Call& call) {
  if (call.flag("noop_with_empty_axes", false)) call.refuse("noop_with_empty_axes is not understood here.");
  return over_axes(call,
                   [](const at::Tensor& x, const auto& axes, bool keep) { return x.square().sum(axes, keep).sqrt(); });
}
Outputs reduce_prod(const Call& call) {
  return over_axes(call, [](const at::Tensor& x, const auto& axes, bool keep) {
    auto y = x;
    for (const auto axis : axes)
      y = y.prod(axis, true, x.scalar_type());
    if (keep) return y;
    std::vector<int64_t> shape;
    for (int64_t i = 0; i < x.dim(); ++i) {
      if (std::find(axes.begin(), axes.end(), i) == axes.end()) shape.push_back(x.size(i));
    }
    return y.reshape(shape);
  });
}

// Of several that are largest the first, or with select_last_index the last.
Outputs argmax(const Call& call) {
  const auto& x = call.input(0);
  const auto axis = call.axis(call.integer("axis", 0), x.dim());
  const bool keep = call.flag("keepdims", true);
  if (!call.flag("select_last_index", false)) return {at::argmax(x, axis, keep)};
  return {x.size(axis) - 1 - at::argmax(x.flip({axis}), axis, keep)};
}

// Sums along an axis up to each place, from the end where it is reversed, without the place itself where exclusive.
Outputs cumulative_sum(const Call& call) {
  const auto& x = call.input(0);
  const auto given = call.integers_of(1);
  if (given.size() != 1) call.refuse("{} axes: expected one.", given.size());
  const auto axis = call.axis(given.front(), x.dim());
  const bool reverse = call.flag("reverse", false);
  const auto along = reverse ? x.flip({axis}) : x;
  auto sums = along.cumsum(axis, x.scalar_type());
  if (call.flag("exclusive", false)) sums = sums - along;
  return {reverse ? sums.flip({axis}) : sums};
}

}  // namespace graft::models::onnx
