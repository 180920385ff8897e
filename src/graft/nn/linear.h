// A linear map of a frozen model, y = act(x Wᵀ + b), with a site around the part before the activation. Frozen, the
// weight is packed once in the precision asked for, and need not stay in memory beside that: a weight that rests
// (tensor/resting.h) does not. Where it trains nothing is packed: the weight and its gradient stay float32, and are
// rounded to bf16 for the products where frozen weights are bf16 or int8 and the processor multiplies that, as under
// PyTorch's autocast.
// Several threads may run one map at once: whoever needs it first packs it, and who finds it packed takes no lock. That
// holds while the map stays as it is, weights, LayerScale and inserts; to train it, write to it or put inserts at it is
// for one thread, while no other runs it.
// A map that ends a sub-layer may have a LayerScale (Touvron et al. 2021, arXiv:2103.17239) behind it; at rest it is
// folded into what is packed. The site sees the map without it.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "graft/nn/foldable.h"
#include "graft/nn/joint.h"
#include "graft/tensor/frozen_linear.h"
#include "graft/tensor/precision.h"

namespace graft::nn {

class Linear : public torch::nn::Module, public Foldable {
 public:
  // weight [out, in], bias [out] or undefined
  Linear(Site site, at::Tensor weight, at::Tensor bias, tensor::Precision precision);

  // x [..., in] -> [..., out], in float32 or the type that frozen maps carry (float64 stays float64)
  at::Tensor forward(const at::Tensor& x, const Context& context,
                     tensor::Activation activation = tensor::Activation::none) const;

  int64_t packed_bytes() const;
  void set_layer_scale(at::Tensor scale) { scale_ = std::move(scale); }  // [out]; its owner registers it

  // What was packed from the old values is forgotten.
  void assign(const at::Tensor& weight, const at::Tensor& bias) override;

 private:
  // What was packed, and of which parameters: a step of an optimiser or a fold raises their version.
  struct Packed {
    tensor::FrozenLinear map;
    bool with_scale = false;
    uint32_t version = 0;
    bool is(bool scaled, uint32_t of) const { return with_scale == scaled && version == of; }
  };

  at::Tensor frozen(const at::Tensor& x, tensor::Activation activation) const;
  at::Tensor scaled(const at::Tensor& y) const { return scale_.defined() ? y * scale_ : y; }
  const tensor::FrozenLinear& packed(bool with_scale) const;
  void forget_packed() const;
  at::Tensor awake_weight() const;  // [out, in], for plain(); what was packed of it is dropped
  bool folds_scale() const;
  // run(map, activation) with the LayerScale folded into the map, or applied behind it
  template <class Run>
  at::Tensor finish(bool with_scale, tensor::Activation activation, const Run& run) const;
  bool is_plain(const at::Tensor& x) const;
  at::Tensor plain(const at::Tensor& x) const;
  at::Tensor with_opaque(const at::Tensor& x, const Context& context) const;
  at::Tensor with_forms(const at::Tensor& x, tensor::Activation activation) const;
  bool fuses(const Context& context) const;
  Affine affine_part() const;

  at::Tensor scale_;
  tensor::Precision precision_;
  mutable std::mutex packing_;                         // held by whoever packs, drops or wakes
  mutable std::unique_ptr<const Packed> packed_;       // under that lock
  mutable std::atomic<const Packed*> ready_{nullptr};  // packed_.get(), for those who come later
};

// x in the type that travels between frozen maps of that precision, and back in the stream's; float64 stays.
at::Tensor to_carrier(const at::Tensor& x, tensor::Precision precision);
at::Tensor to_stream(const at::Tensor& x);

}  // namespace graft::nn
