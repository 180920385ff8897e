#include "graft/nn/batch_norm.h"

#include <torch/types.h>

#include "graft/core/error.h"

namespace graft::nn {
namespace {

constexpr double kMomentum = 0.1;  // PyTorch's: what a batch's statistics weigh

}  // namespace

BatchNorm::BatchNorm(at::Tensor weight, at::Tensor bias, at::Tensor mean, at::Tensor variance, double eps) : eps_(eps) {
  weight_ = register_parameter("weight", std::move(weight), /*requires_grad=*/false);
  bias_ = register_parameter("bias", std::move(bias), /*requires_grad=*/false);
  mean_ = register_buffer("running_mean", std::move(mean));
  variance_ = register_buffer("running_var", std::move(variance));
}

at::Tensor BatchNorm::forward(const at::Tensor& x, const Context& context) const {
  const bool by_batch = by_batch_ && context.training;
  if (by_batch && x.numel() == x.size(1)) {
    throw ConfigError(
        "train",
        "a batch of one example, whose maps have shrunk to 1 x 1, has no variance that a batch norm could "
        "go by: expected 2 examples or more in each batch, or larger photos. Choose another --batch-size "
        "(what an epoch leaves over is a batch too) or a larger --image-size.");
  }
  const bool keeps = !by_batch || context.gathers;  // the statistics that are there are read or written
  return at::batch_norm(x, weight_, bias_, keeps ? mean_ : at::Tensor(), keeps ? variance_ : at::Tensor(), by_batch,
                        kMomentum, eps_, /*cudnn_enabled=*/false);
}

}  // namespace graft::nn
