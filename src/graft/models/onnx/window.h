// Where the windows of a convolution or a pooling lie on a map: kernel, strides, dilations and padding of each axis, as
// the node says them or as auto_pad asks for them.
#pragma once

#include <cstdint>
#include <vector>

#include "graft/models/onnx/call.h"

namespace graft::models::onnx {

struct Window {
  std::vector<int64_t> kernel, strides, dilations, before, after;  // one an axis of the map

  size_t rank() const { return kernel.size(); }
  int64_t reach(size_t i) const { return (kernel[i] - 1) * dilations[i] + 1; }
  bool is_symmetric() const { return before == after; }
  // Windows along axis i of so many places. With `partial` the last may stand over the padded edge, as long as it
  // begins before it.
  int64_t count(size_t i, int64_t length, bool partial = false) const;
};

// Of a node over x [N, C, ...] and a kernel of these lengths; refused for one that does not lie on it.
Window window_of(const Call& call, const at::Tensor& x, std::vector<int64_t> kernel);
// The kernel that a pooling's node says.
Window window_of(const Call& call, const at::Tensor& x);

// x with the window's padding around it, and `more` behind each axis.
at::Tensor padded(const Call& call, const at::Tensor& x, const Window& window, double value,
                  const std::vector<int64_t>& more = {});

}  // namespace graft::models::onnx
