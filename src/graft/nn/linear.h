// A linear map of a frozen model, y = act(x Wᵀ + b), with a site around the part before the activation. Frozen, the
// weight is packed once in the precision asked for, and need not stay in memory beside that: a weight that rests
// (tensor/resting.h) does not. Where it trains, the plain float path runs and nothing is packed.
// A map that ends a sub-layer may have a LayerScale (Touvron et al. 2021, arXiv:2103.17239) behind it; at rest it is
// folded into what is packed. The site sees the map without it.
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

  // x [..., in] -> [..., out], in float32 or the type that frozen maps carry (float64 stays float64)
  at::Tensor forward(const at::Tensor& x, const Context& context,
                     tensor::Activation activation = tensor::Activation::none);

  Joint& joint() { return joint_; }
  const at::Tensor& weight() const { return weight_; }  // the parameter, perhaps at rest
  const at::Tensor& bias() const { return bias_; }
  int64_t packed_bytes() const { return packed_ ? packed_->bytes() : 0; }
  void set_layer_scale(at::Tensor scale) { scale_ = std::move(scale); }  // [out]; its owner registers it

  // Writes new values into the parameters (a fold) and forgets what was packed from the old ones.
  void assign(const at::Tensor& weight, const at::Tensor& bias);

 private:
  at::Tensor frozen(const at::Tensor& x, tensor::Activation activation);
  at::Tensor scaled(const at::Tensor& y) const { return scale_.defined() ? y * scale_ : y; }
  const tensor::FrozenLinear& packed(bool with_scale);
  bool folds_scale() const;
  // run(map, activation) with the LayerScale folded into the map, or applied behind it
  template <class Run>
  at::Tensor finish(bool with_scale, tensor::Activation activation, const Run& run);
  bool is_plain(const at::Tensor& x) const;
  at::Tensor with_opaque(const at::Tensor& x, const Context& context);
  at::Tensor with_forms(const at::Tensor& x, tensor::Activation activation);
  bool fuses(const Context& context) const;
  Affine affine_part() const;

  Joint joint_;
  at::Tensor weight_, bias_, scale_;
  tensor::Precision precision_;
  std::optional<tensor::FrozenLinear> packed_;
  uint32_t packed_version_ = 0;  // of the parameters when they were packed; a step of an optimiser or a fold raises it
  bool packed_with_scale_ = false;
};

// x in the type that travels between frozen maps of that precision, and back in the stream's; float64 stays.
at::Tensor to_carrier(const at::Tensor& x, tensor::Precision precision);
at::Tensor to_stream(const at::Tensor& x);

}  // namespace graft::nn
