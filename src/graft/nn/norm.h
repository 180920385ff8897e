// Layer norm over the last dimension (Ba et al. 2016, arXiv:1607.06450), in float32 whatever the precision of the maps.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include "graft/tensor/norm.h"
#include "graft/tensor/precision.h"

namespace graft::nn {

// What is normed by a scale and a shift, `weight` and `bias`; who trains the norms of a model looks for it.
struct Norm : torch::nn::Module {};

class LayerNorm : public Norm {
 public:
  // weight, bias [D]; `precision` is that of the maps that read the result
  LayerNorm(at::Tensor weight, at::Tensor bias, double eps, tensor::Precision precision);

  // x [..., D] -> the same shape, in the type that the next frozen map multiplies fastest
  at::Tensor forward(const at::Tensor& x) const;
  // x [..., D] -> the same in the stream's type, for what is not followed by a map
  at::Tensor forward_float(const at::Tensor& x) const;
  // The residual add and the norm in one pass; x [..., D] the stream, change [..., D] of any type
  tensor::AddNormed add(const at::Tensor& x, const at::Tensor& change) const;
  // The norm of that sum in the stream's type, for a stream that is normed itself
  at::Tensor of_sum(const at::Tensor& x, const at::Tensor& change) const;

 private:
  tensor::LayerNorm values() const { return {weight_, bias_, eps_}; }
  at::ScalarType out(const at::Tensor& x) const;

  at::Tensor weight_, bias_;
  double eps_;
  at::ScalarType out_;
};

}  // namespace graft::nn
