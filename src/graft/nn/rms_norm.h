// Root-mean-square norm over the last dimension (Zhang and Sennrich 2019, arXiv:1910.07467): x / sqrt(mean(x²) + eps)
// times a weight, in float32 whatever the precision of the maps.
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/nn/norm.h"

namespace graft::nn {

class RmsNorm : public Norm {
 public:
  // weight [D], to which `offset` is added (Gemma's checkpoints hold what a weight is above 1); `precision` is that of
  // the maps that read the result.
  RmsNorm(at::Tensor weight, double offset, double eps, tensor::Precision precision);

  // x [..., D] -> the same shape, in the type that the next frozen map multiplies fastest
  at::Tensor forward(const at::Tensor& x) const;
  // x [..., D] -> the same in its own type
  at::Tensor forward_float(const at::Tensor& x) const;

 private:
  at::Tensor factors() const { return offset_ == 0 ? weight_ : weight_ + offset_; }

  at::Tensor weight_;
  double offset_, eps_;
  at::ScalarType out_;
};

}  // namespace graft::nn
