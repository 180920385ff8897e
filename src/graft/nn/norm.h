// Layer norm over the last dimension (Ba et al. 2016, arXiv:1607.06450), in float32 whatever the precision of the maps.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include "graft/tensor/norm.h"
#include "graft/tensor/precision.h"

namespace graft::nn {

class LayerNorm : public torch::nn::Module {
 public:
  LayerNorm(at::Tensor weight, at::Tensor bias, double eps, tensor::Precision precision);  // [D], [D]

  // x [..., D] -> the same shape, in the type that the next frozen map multiplies fastest
  at::Tensor forward(const at::Tensor& x);
  // x [..., D] -> float32, for what is not followed by a map
  at::Tensor forward_float(const at::Tensor& x);
  // (x + change, norm(x + change)): the residual add and the norm in one pass; both float32 streams [..., D]
  std::pair<at::Tensor, at::Tensor> add(const at::Tensor& x, const at::Tensor& change);

 private:
  at::Tensor weight_, bias_;
  double eps_;
  at::ScalarType out_;
};

}  // namespace graft::nn
