// Convolutions over one or two axes, and their transposes.
#include <torch/types.h>

#include <algorithm>

#include "graft/models/onnx/operators.h"
#include "graft/models/onnx/window.h"

namespace graft::models::onnx {
namespace {

at::Tensor bias_of(const Call& call) {
  return call.has(2) ? call.input(2) : at::Tensor();
}

// The kernel's lengths are those of the weights; the node may say them again.
std::vector<int64_t> kernel_of(const Call& call, const at::Tensor& weight) {
  if (weight.dim() < 3) call.refuse("weights of {} axes: expected 3 or 4.", weight.dim());
  auto kernel = weight.sizes().slice(2).vec();
  const auto said = call.integers("kernel_shape");
  if (said && *said != kernel) call.refuse("its kernel_shape is not that of its weights.");
  return kernel;
}

}  // namespace

Outputs conv(const Call& call) {
  const auto &x = call.input(0), &weight = call.input(1);
  const auto window = window_of(call, x, kernel_of(call, weight));
  const auto groups = call.integer("group", 1);
  if (groups < 1) call.refuse("group {}: expected 1 or more.", groups);
  std::vector<int64_t> shape = {x.size(0), weight.size(0)};
  for (size_t i = 0; i < window.rank(); ++i)
    shape.push_back(window.count(i, x.size(static_cast<int64_t>(i) + 2)));
  call.allow(shape);
  const bool symmetric = window.is_symmetric();
  const std::vector<int64_t> none(window.rank(), 0);
  return {at::convolution(symmetric ? x : padded(call, x, window, 0), weight, bias_of(call), window.strides,
                          symmetric ? window.before : none, window.dilations, /*transposed=*/false, none, groups)};
}

Outputs conv_transpose(const Call& call) {
  const auto &x = call.input(0), &weight = call.input(1);
  if (call.text("auto_pad", "NOTSET") != "NOTSET" || call.integers("output_shape"))
    call.refuse("auto_pad and output_shape are not understood here: expected pads.");
  const auto window = window_of(call, x, kernel_of(call, weight));
  const std::vector<int64_t> none(window.rank(), 0);
  const auto more = call.integers("output_padding").value_or(none);
  if (more.size() != window.rank()) call.refuse("output_padding of {} axes.", more.size());
  const auto groups = call.integer("group", 1);
  if (groups < 1) call.refuse("group {}: expected 1 or more.", groups);
  // Without padding, as far as a window reaches; what pads take away is cut off then.
  std::vector<int64_t> shape = {x.size(0), weight.size(1) * groups};
  for (size_t i = 0; i < window.rank(); ++i) {
    if (more[i] < 0 || more[i] >= std::max(window.strides[i], window.dilations[i]))
      call.refuse("output_padding {}: expected less than its stride or dilation.", more[i]);
    shape.push_back((x.size(static_cast<int64_t>(i) + 2) - 1) * window.strides[i] + window.reach(i) + more[i]);
  }
  call.allow(shape);
  const bool symmetric = window.is_symmetric();
  auto y = at::convolution(x, weight, bias_of(call), window.strides, symmetric ? window.before : none, window.dilations,
                           /*transposed=*/true, more, groups);
  if (symmetric) return {y};
  for (size_t i = 0; i < window.rank(); ++i) {
    const auto axis = static_cast<int64_t>(i) + 2, length = y.size(axis) - window.before[i] - window.after[i];
    if (length < 1) call.refuse("its pads leave nothing of axis {}.", axis);
    y = y.narrow(axis, window.before[i], length);
  }
  return {y};
}

Outputs depth_to_space(const Call& call) {
  const auto& x = call.input(0);
  const auto side = call.integer("blocksize", 0);
  const auto mode = call.text("mode", "DCR");
  if (x.dim() != 4 || side < 1 || side > 4096 || x.size(1) % (side * side) != 0)
    call.refuse("blocksize {}: expected a map [N, C, H, W] whose channels are a multiple of its square.", side);
  if (mode == "CRD") return {at::pixel_shuffle(x, side)};
  if (mode != "DCR") call.refuse("mode '{}': expected DCR or CRD.", mode);
  const auto n = x.size(0), c = x.size(1) / (side * side), h = x.size(2), w = x.size(3);
  return {x.reshape({n, side, side, c, h, w}).permute({0, 3, 4, 1, 5, 2}).reshape({n, c, h * side, w * side})};
}

}  // namespace graft::models::onnx
