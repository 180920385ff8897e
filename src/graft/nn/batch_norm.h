// Batch norm (Ioffe and Szegedy 2015, arXiv:1502.03167). As it is after training: by the mean and variance that were
// gathered then, which are buffers and stay as they are, whether the scale and shift train or not. A frozen one of
// detection models (FrozenBatchNorm2d) is the same function. Or, where somebody asks for it, as it is while training:
// by the batch's own, which are gathered into these buffers as PyTorch does it.
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/nn/insert.h"
#include "graft/nn/norm.h"
#include "graft/nn/parameters.h"

namespace graft::nn {

class BatchNorm final : public Norm {
 public:
  // all [C], float32; parameters weight and bias, buffers running_mean and running_var
  BatchNorm(at::Tensor weight, at::Tensor bias, at::Tensor mean, at::Tensor variance, double eps);

  // x [B, C, ...] -> the same shape. ConfigError for a batch that has no variance: one number a channel.
  at::Tensor forward(const at::Tensor& x, const Context& context) const;

  // From now on it goes by the batch while `training`, and keeps a tenth of the mean and of the unbiased variance of
  // each batch that `gathers`.
  void go_by_batch(bool yes) { by_batch_ = yes; }
  bool goes_by_batch() const { return by_batch_; }
  Parameters statistics() const { return {{"running_mean", mean_}, {"running_var", variance_}}; }

 private:
  at::Tensor weight_, bias_, mean_, variance_;
  double eps_;
  bool by_batch_ = false;
};

}  // namespace graft::nn
