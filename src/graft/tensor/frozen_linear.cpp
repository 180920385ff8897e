#include "graft/tensor/frozen_linear.h"

#include <torch/torch.h>

#include "graft/core/error.h"

namespace graft::tensor {

struct FrozenLinear::Packed {
  int64_t in = 0, out = 0;
  Precision precision = Precision::fp32;
  std::optional<at::Tensor> bias;
  at::Tensor weight;  // [out, in], as it is multiplied
};

namespace {

// Rounded to what the precision can hold, in the weight's own type.
at::Tensor rounded(const at::Tensor& weight, Precision precision) {
  if (precision == Precision::fp32) return weight.clone();
  if (precision == Precision::bf16) return weight.to(at::kBFloat16).to(weight.scalar_type());
  const auto scale = weight.abs().amax(1, /*keepdim=*/true).clamp_min(1e-30) / 127;
  return at::round(weight / scale) * scale;
}

std::string shape_of(const at::Tensor& t) { return fmt::format("[{}]", fmt::join(t.sizes(), ", ")); }

void check_input(const at::Tensor& x, int64_t in) {
  if (x.dim() < 1 || x.size(-1) != in) {
    throw ShapeError("frozen_linear", "the input does not fit the map: expected [..., {}], got {}.", in, shape_of(x));
  }
}

void check_branch(const LowRank& branch, int64_t in, int64_t out) {
  if (branch.a.dim() != 2 || branch.b.dim() != 2 || branch.a.size(1) != in || branch.a.size(0) != branch.b.size(1)) {
    throw ShapeError("frozen_linear", "a low-rank branch does not fit: expected a [rank, {}] and b [rows, rank], got {} and {}.",
                     in, shape_of(branch.a), shape_of(branch.b));
  }
  if (branch.begin < 0 || branch.begin + branch.b.size(0) > out) {
    throw ShapeError("frozen_linear", "a low-rank branch adds to outputs {} to {}, the map has {}.", branch.begin,
                     branch.begin + branch.b.size(0), out);
  }
}

// The same function in plain operations, in the type of x.
at::Tensor plain(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                 const std::vector<LowRank>& branches, Activation activation) {
  const auto type = x.scalar_type();
  auto y = at::linear(x, weight.to(type), bias ? bias->to(type) : at::Tensor());
  for (const auto& branch : branches) {
    const auto change = branch.scale * at::linear(at::linear(x, branch.a.to(type)), branch.b.to(type));
    const auto after = y.size(-1) - branch.begin - branch.b.size(0);
    y = y + at::constant_pad_nd(change, {branch.begin, after});
  }
  return activate(y, activation);
}

}  // namespace

FrozenLinear::FrozenLinear(const at::Tensor& weight, const std::optional<at::Tensor>& bias, Precision precision)
    : packed_(std::make_shared<Packed>()) {
  if (weight.dim() != 2) {
    throw ShapeError("frozen_linear", "the weight is no matrix: expected [out, in], got {}.", shape_of(weight));
  }
  if (bias && (bias->dim() != 1 || bias->size(0) != weight.size(0))) {
    throw ShapeError("frozen_linear", "the bias does not fit the weight: expected [{}], got {}.", weight.size(0),
                     shape_of(*bias));
  }
  packed_->in = weight.size(1);
  packed_->out = weight.size(0);
  packed_->precision = precision;
  packed_->bias = bias;
  packed_->weight = rounded(weight.detach(), precision);
}

at::Tensor FrozenLinear::forward(const at::Tensor& x, Activation activation) const {
  return forward_low_rank(x, {}, activation);
}

at::Tensor FrozenLinear::forward_low_rank(const at::Tensor& x, const std::vector<LowRank>& branches,
                                          Activation activation) const {
  check_input(x, in());
  for (const auto& branch : branches) check_branch(branch, in(), out());
  return plain(x, packed_->weight, packed_->bias, branches, activation);
}

int64_t FrozenLinear::in() const { return packed_->in; }
int64_t FrozenLinear::out() const { return packed_->out; }
Precision FrozenLinear::precision() const { return packed_->precision; }
const std::optional<at::Tensor>& FrozenLinear::bias() const { return packed_->bias; }
at::Tensor FrozenLinear::weight() const { return packed_->weight; }
int64_t FrozenLinear::bytes() const { return static_cast<int64_t>(packed_->weight.nbytes()); }

}  // namespace graft::tensor
