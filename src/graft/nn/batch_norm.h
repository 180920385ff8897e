// Batch norm (Ioffe and Szegedy 2015, arXiv:1502.03167) as it is after training: by the mean and variance that were
// gathered then, which are buffers and never change, whether the scale and shift train or not. A frozen one of
// detection models (FrozenBatchNorm2d) is the same function.
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/nn/norm.h"

namespace graft::nn {

class BatchNorm final : public Norm {
 public:
  // all [C], float32; parameters weight and bias, buffers running_mean and running_var
  BatchNorm(at::Tensor weight, at::Tensor bias, at::Tensor mean, at::Tensor variance, double eps);

  // x [B, C, ...] -> the same shape
  at::Tensor forward(const at::Tensor& x) const;

 private:
  at::Tensor weight_, bias_, mean_, variance_;
  double eps_;
};

}  // namespace graft::nn
