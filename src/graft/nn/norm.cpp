#include "graft/nn/norm.h"

#include <torch/types.h>

namespace graft::nn {

LayerNorm::LayerNorm(at::Tensor weight, at::Tensor bias, double eps, tensor::Precision precision)
    : eps_(eps), out_(tensor::carrier(precision)) {
  weight_ = register_parameter("weight", std::move(weight), /*requires_grad=*/false);
  bias_ = register_parameter("bias", std::move(bias), /*requires_grad=*/false);
}

// A float64 model (gradient checks) stays in float64.
at::ScalarType LayerNorm::out(const at::Tensor& x) const {
  return x.scalar_type() == at::kDouble ? at::kDouble : out_;
}

at::Tensor LayerNorm::forward(const at::Tensor& x) const {
  return tensor::layer_norm(x, values(), out(x));
}

at::Tensor LayerNorm::forward_float(const at::Tensor& x) const {
  return tensor::layer_norm(x, values(), x.scalar_type());
}

tensor::AddNormed LayerNorm::add(const at::Tensor& x, const at::Tensor& change) const {
  return tensor::add_layer_norm(x, change, values(), out(x));
}

at::Tensor LayerNorm::of_sum(const at::Tensor& x, const at::Tensor& change) const {
  return tensor::add_layer_norm(x, change, values(), x.scalar_type()).normalised;
}

}  // namespace graft::nn
