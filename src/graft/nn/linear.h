// A linear map of a frozen model, y = act(x Wᵀ + b), with a site around the part before the activation. Frozen, the weight
// is packed once in the precision asked for; where it trains, the plain float path runs and nothing is packed.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <optional>

#include "graft/nn/joint.h"
#include "graft/tensor/frozen_linear.h"
#include "graft/tensor/precision.h"

namespace graft::nn {

class Linear : public torch::nn::Module {
 public:
  // weight [out, in], bias [out] or undefined
  Linear(Site site, at::Tensor weight, at::Tensor bias, tensor::Precision precision);

  // x [..., in] -> [..., out]
  at::Tensor forward(const at::Tensor& x, const Context& context,
                     tensor::Activation activation = tensor::Activation::none);

  Joint& joint() { return joint_; }
  const at::Tensor& weight() const { return weight_; }
  const at::Tensor& bias() const { return bias_; }

  // Writes new values into the parameters (a fold) and forgets what was packed from the old ones.
  void assign(const at::Tensor& weight, const at::Tensor& bias);

 private:
  at::Tensor frozen(const at::Tensor& x, tensor::Activation activation);
  const tensor::FrozenLinear& packed();
  at::Tensor with_opaque(const at::Tensor& x, const Context& context);
  at::Tensor with_low_rank(const at::Tensor& x, tensor::Activation activation);
  bool all_low_rank(const Context& context) const;

  Joint joint_;
  at::Tensor weight_, bias_;
  tensor::Precision precision_;
  std::optional<tensor::FrozenLinear> packed_;
};

}  // namespace graft::nn
