#include "graft/nn/linear.h"

#include <torch/types.h>

#include <optional>

#include "graft/core/error.h"
#include "graft/tensor/affine.h"
#include "graft/tensor/resting.h"

namespace graft::nn {

at::Tensor to_carrier(const at::Tensor& x, tensor::Precision precision) {
  return x.scalar_type() == at::kDouble ? x : x.to(tensor::carrier(precision));
}

at::Tensor to_stream(const at::Tensor& x) {
  return x.scalar_type() == at::kBFloat16 ? x.to(at::kFloat) : x;
}

namespace {

// How often a tensor was written; counters only rise, so a sum of them tells a change of any.
uint32_t version_of(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.unsafeGetTensorImpl()->version_counter().current_version() : 0;
}

}  // namespace

Linear::Linear(Site site, at::Tensor weight, at::Tensor bias, tensor::Precision precision)
    : Foldable(std::move(site)), precision_(precision) {
  weight_ = register_parameter("weight", std::move(weight), /*requires_grad=*/false);
  if (bias.defined()) bias_ = register_parameter("bias", std::move(bias), /*requires_grad=*/false);
}

at::Tensor Linear::forward(const at::Tensor& x, const Context& context, tensor::Activation activation) const {
  if (joint_.empty()) return frozen(x, activation);
  if (!is_plain(x) && fuses(context)) return with_forms(x, activation);
  return tensor::activate(scaled(with_opaque(x, context)), activation);
}

bool Linear::is_plain(const at::Tensor& x) const {
  return x.scalar_type() == at::kDouble || weight_.requires_grad();
}

at::Tensor Linear::plain(const at::Tensor& x) const {
  const auto weight = awake_weight();
  if (x.scalar_type() == at::kDouble || precision_ == tensor::Precision::fp32 || !tensor::multiplies_bf16())
    return at::linear(to_stream(x), weight, bias_);
  const auto rounded = [](const at::Tensor& t) { return t.defined() ? t.to(at::kBFloat16) : t; };
  return at::linear(rounded(x), rounded(weight), rounded(bias_));
}

at::Tensor Linear::frozen(const at::Tensor& x, tensor::Activation activation) const {
  if (is_plain(x)) return tensor::activate(scaled(plain(x)), activation);
  return finish(folds_scale(), activation, [&](const tensor::FrozenLinear& map, tensor::Activation inner) {
    return map.forward(to_carrier(x, precision_), inner);
  });
}

// The LayerScale is in what is packed, unless it trains, or the bias does, or the weight stays quantised.
bool Linear::folds_scale() const {
  return scale_.defined() && !scale_.requires_grad() && !tensor::quantised_of(weight_) &&
         !(bias_.defined() && bias_.requires_grad());
}

template <class Run>
at::Tensor Linear::finish(bool with_scale, tensor::Activation activation, const Run& run) const {
  if (with_scale || !scale_.defined()) return run(packed(with_scale), activation);
  return tensor::activate(scaled(to_stream(run(packed(false), tensor::Activation::none))), activation);
}

// A bias that trains is not copied: its steps are no reason to pack again.
const tensor::FrozenLinear& Linear::packed(bool with_scale) const {
  const uint32_t version = version_of(weight_) + (with_scale ? version_of(bias_) + version_of(scale_) : 0);
  const auto* ready = ready_.load(std::memory_order_acquire);
  if (ready && ready->is(with_scale, version)) return ready->map;
  const std::lock_guard lock(packing_);
  if (packed_ && packed_->is(with_scale, version)) return packed_->map;  // another thread was first
  const torch::NoGradGuard no_grad;
  std::optional<at::Tensor> bias;
  if (bias_.defined()) bias = with_scale ? bias_ * scale_ : bias_;
  forget_packed();  // before the new one is made: they are never held together
  const auto weight = with_scale ? tensor::numbers_of(weight_) * scale_.unsqueeze(1) : weight_;
  packed_ = std::make_unique<const Packed>(Packed{tensor::FrozenLinear(weight, bias, precision_), with_scale, version});
  ready_.store(packed_.get(), std::memory_order_release);
  return packed_->map;
}

void Linear::forget_packed() const {
  ready_.store(nullptr, std::memory_order_relaxed);
  packed_.reset();
}

at::Tensor Linear::awake_weight() const {
  const std::lock_guard lock(packing_);
  forget_packed();
  auto weight = weight_;
  tensor::wake(weight);
  return weight;
}

int64_t Linear::packed_bytes() const {
  const std::lock_guard lock(packing_);
  return packed_ ? packed_->map.bytes() : 0;
}

// Low-rank branches are part of the product, affine maps of what comes out of it.
bool Linear::fuses(const Context& context) const {
  bool behind_affine = false;
  for (const auto& occupant : joint_.occupants()) {
    const auto form = occupant.insert->form();
    const auto* low_rank = std::get_if<LowRank>(&form);
    if (low_rank ? behind_affine || (context.training && low_rank->dropout > 0) : !std::holds_alternative<Affine>(form))
      return false;
    behind_affine = !low_rank;
  }
  return true;
}

// All affine occupants as one map of all outputs; of undefined tensors where there are none.
Affine Linear::affine_part() const {
  Affine all;
  for (const auto& occupant : joint_.occupants()) {
    const auto form = occupant.insert->form();
    const auto* own = std::get_if<Affine>(&form);
    if (!own) continue;
    const auto out = weight_.size(0), begin = occupant.begin, end = occupant.whole() ? out : occupant.end;
    const auto over_all = [&](const at::Tensor& part, double otherwise) {
      const auto numbers =
          part.defined() ? part : at::full({end - begin}, otherwise, weight_.options().dtype(at::kFloat));
      return at::constant_pad_nd(numbers, {begin, out - end}, otherwise);
    };
    const auto scale = over_all(own->scale, 1), shift = over_all(own->shift, 0);
    all.shift = all.shift.defined() ? all.shift * scale + shift : shift;
    all.scale = all.scale.defined() ? all.scale * scale : scale;
  }
  return all;
}

at::Tensor Linear::with_forms(const at::Tensor& x, tensor::Activation activation) const {
  const auto affine = affine_part();
  const bool with_scale = !affine.scale.defined() && folds_scale();
  std::vector<tensor::LowRank> branches;
  for (const auto& occupant : joint_.occupants()) {
    const auto form = occupant.insert->form();
    const auto* low_rank = std::get_if<LowRank>(&form);
    if (!low_rank) continue;
    auto b = low_rank->b;  // [rows, r]; behind it stands the LayerScale
    if (with_scale) b = b * scale_.narrow(0, occupant.begin, b.size(0)).unsqueeze(1);
    branches.push_back({low_rank->a, b, low_rank->scale, occupant.begin});
  }
  const auto run = [&](const tensor::FrozenLinear& map, tensor::Activation inner) {
    return map.forward_low_rank(to_carrier(x, precision_), branches, inner);
  };
  if (!affine.scale.defined()) return finish(with_scale, activation, run);
  return tensor::affine(run(packed(false), tensor::Activation::none), scaled(affine.scale), scaled(affine.shift),
                        activation);
}

at::Tensor Linear::with_opaque(const at::Tensor& x, const Context& context) const {
  const Frozen map([this](const at::Tensor& u) -> at::Tensor {
    if (is_plain(u)) return to_stream(plain(u));
    return to_stream(packed(false).forward(to_carrier(u, precision_)));
  });
  return joint_.run(to_stream(x), map, context);
}

void Linear::assign(const at::Tensor& weight, const at::Tensor& bias) {
  const torch::NoGradGuard no_grad;
  awake_weight().copy_(weight);
  if (bias.defined()) {
    GRAFT_ASSERT(bias_.defined());
    bias_.copy_(bias);
  }
}

}  // namespace graft::nn
