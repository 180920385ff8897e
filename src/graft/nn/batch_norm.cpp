#include "graft/nn/batch_norm.h"

#include <torch/types.h>

namespace graft::nn {

BatchNorm::BatchNorm(at::Tensor weight, at::Tensor bias, at::Tensor mean, at::Tensor variance, double eps) : eps_(eps) {
  weight_ = register_parameter("weight", std::move(weight), /*requires_grad=*/false);
  bias_ = register_parameter("bias", std::move(bias), /*requires_grad=*/false);
  mean_ = register_buffer("running_mean", std::move(mean));
  variance_ = register_buffer("running_var", std::move(variance));
}

at::Tensor BatchNorm::forward(const at::Tensor& x) const {
  return at::batch_norm(x, weight_, bias_, mean_, variance_, /*training=*/false, /*momentum=*/0, eps_,
                        /*cudnn_enabled=*/false);
}

}  // namespace graft::nn
