// Norms over the last dimension, fused with the residual add before them and the cast after them.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

namespace graft::tensor {

struct LayerNorm {
  at::Tensor weight, bias;  // [D] float32, either may be missing or train
  double eps = 1e-5;
};

struct AddNormed {
  at::Tensor stream;      // x + change, in the type of x
  at::Tensor normalised;  // layer_norm(stream), in the type asked for
};

// x [..., D] the residual stream (float32), change [..., D] what a sub-layer adds to it.
AddNormed add_layer_norm(const at::Tensor& x, const at::Tensor& change, const LayerNorm&, c10::ScalarType out);

at::Tensor layer_norm(const at::Tensor& x, const LayerNorm&, c10::ScalarType out);

// x / rms(x) * weight (Zhang and Sennrich 2019, arXiv:1910.07467).
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, c10::ScalarType out);

}  // namespace graft::tensor
