#include "graft/nn/rms_norm.h"

#include <torch/types.h>

namespace graft::nn {

RmsNorm::RmsNorm(at::Tensor weight, double offset, double eps, tensor::Precision precision)
    : offset_(offset), eps_(eps), out_(tensor::carrier(precision)) {
  weight_ = register_parameter("weight", std::move(weight), /*requires_grad=*/false);
}

at::Tensor RmsNorm::forward(const at::Tensor& x) const {
  return tensor::rms_norm(x, factors(), eps_, x.scalar_type() == at::kDouble ? at::kDouble : out_);
}

at::Tensor RmsNorm::forward_float(const at::Tensor& x) const {
  return tensor::rms_norm(x, factors(), eps_, x.scalar_type());
}

}  // namespace graft::nn
