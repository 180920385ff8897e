#include "graft/tensor/norm.h"

#include <torch/torch.h>

#include "graft/core/error.h"

namespace graft::tensor {
namespace {

void check_width(const at::Tensor& x, const at::Tensor& parameter, const char* what) {
  if (parameter.defined() && (parameter.dim() != 1 || parameter.size(0) != x.size(-1))) {
    throw ShapeError("norm", "the {} does not fit: expected [{}], got [{}].", what, x.size(-1),
                     fmt::join(parameter.sizes(), ", "));
  }
}

at::Tensor as(const at::Tensor& parameter, const at::Tensor& x) {
  return parameter.defined() ? parameter.to(x.scalar_type()) : parameter;
}

}  // namespace

AddNormed add_layer_norm(const at::Tensor& x, const at::Tensor& change, const LayerNorm& norm, c10::ScalarType out) {
  const auto stream = x + change.to(x.scalar_type());
  return {stream, layer_norm(stream, norm, out)};
}

at::Tensor layer_norm(const at::Tensor& x, const LayerNorm& norm, c10::ScalarType out) {
  check_width(x, norm.weight, "weight");
  check_width(x, norm.bias, "bias");
  return at::layer_norm(x, {x.size(-1)}, as(norm.weight, x), as(norm.bias, x), norm.eps).to(out);
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, c10::ScalarType out) {
  check_width(x, weight, "weight");
  const auto normalised = x * at::rsqrt(x.square().mean(-1, /*keepdim=*/true) + eps);
  return (weight.defined() ? normalised * as(weight, x) : normalised).to(out);
}

}  // namespace graft::tensor
