// Pooling over one or two axes of a map.
#include <torch/types.h>

#include <algorithm>
#include <limits>

#include "graft/models/onnx/operators.h"
#include "graft/models/onnx/window.h"

namespace graft::models::onnx {
namespace {

// How far the last windows stand over the padded edge.
std::vector<int64_t> overhang(const at::Tensor& x, const Window& window, bool partial) {
  std::vector<int64_t> more;
  for (size_t i = 0; i < window.rank(); ++i) {
    const auto length = x.size(static_cast<int64_t>(i) + 2);
    const auto end = (window.count(i, length, partial) - 1) * window.strides[i] + window.reach(i);
    more.push_back(std::max<int64_t>(0, end - length - window.before[i] - window.after[i]));
  }
  return more;
}

// Pools a map [N, C, H, W] or [N, C, L] as one of two axes.
template <class Pool>
at::Tensor in_plane(const at::Tensor& x, Window window, Pool pool) {
  if (window.rank() == 2) return pool(x, window);
  for (auto* lengths : {&window.kernel, &window.strides, &window.dilations})
    lengths->insert(lengths->begin(), 1);
  return pool(x.unsqueeze(2), window).squeeze(2);
}

void need_windows(const Call& call, const at::Tensor& x, const Window& window) {
  if (!x.is_floating_point()) call.refuse("a map of {}: expected float32.", x.dtype().name());
  for (size_t i = 0; i < window.rank(); ++i) {
    if (window.count(i, x.size(static_cast<int64_t>(i) + 2)) < 1)
      call.refuse("windows of {} on a map of {}.", window.reach(i), x.size(static_cast<int64_t>(i) + 2));
  }
}

std::vector<int64_t> axes_of_map(const Call& call) {
  const auto rank = call.input(0).dim();
  if (rank < 3) call.refuse("input 0 has {} axes: expected 3 or more.", rank);
  std::vector<int64_t> axes;
  for (int64_t axis = 2; axis < rank; ++axis)
    axes.push_back(axis);
  return axes;
}

}  // namespace

Outputs max_pool(const Call& call) {
  const auto& x = call.input(0);
  const auto window = window_of(call, x);
  need_windows(call, x, window);
  const auto more = overhang(x, window, call.flag("ceil_mode", false));
  const auto wide = padded(call, x, window, -std::numeric_limits<double>::infinity(), more);
  return {in_plane(wide, window, [](const at::Tensor& map, const Window& w) {
    return at::max_pool2d(map, w.kernel, w.strides, {0, 0}, w.dilations);
  })};
}

// The sum over what a window covers, by how many places those are: of the map, with count_include_pad of its padding
// too, and never of what lies beyond that.
Outputs average_pool(const Call& call) {
  const auto& x = call.input(0);
  const auto window = window_of(call, x);
  need_windows(call, x, window);
  for (const auto dilation : window.dilations)
    if (dilation != 1) call.refuse("dilations other than 1 are not understood here.");
  const bool partial = call.flag("ceil_mode", false), with_padding = call.flag("count_include_pad", false);
  const auto more = overhang(x, window, partial);
  const auto sums = [](const at::Tensor& map, const Window& w) {
    return at::avg_pool2d(map, w.kernel, w.strides, {0, 0}, false, true, /*divisor_override=*/1);
  };
  const auto total = in_plane(padded(call, x, window, 0, more), window, sums);
  auto counted = at::ones_like(x.narrow(0, 0, 1).narrow(1, 0, 1));
  if (with_padding) {
    counted = padded(call, counted, window, 1);
    auto bare = window;
    bare.before = bare.after = std::vector<int64_t>(window.rank(), 0);
    counted = padded(call, counted, bare, 0, more);
  } else {
    counted = padded(call, counted, window, 0, more);
  }
  return {total / in_plane(counted, window, sums)};
}

Outputs global_average_pool(const Call& call) {
  return {call.input(0).mean(axes_of_map(call), true)};
}

Outputs global_max_pool(const Call& call) {
  return {call.input(0).amax(axes_of_map(call), true)};
}

}  // namespace graft::models::onnx
