// Operators that work number by number.
#include <ATen/ExpandUtils.h>
#include <torch/types.h>

#include <limits>

#include "graft/models/onnx/operators.h"

namespace graft::models::onnx {
namespace {

// Both operands, of one type and of shapes that broadcast (as NumPy's do) to one that may be made.
struct Pair {
  const at::Tensor &a, &b;
};
Pair pair_of(const Call& call, size_t second = 1) {
  const auto &a = call.input(second - 1), &b = call.input(second);
  if (a.scalar_type() != b.scalar_type())
    call.refuse("its inputs are of {} and {}: expected one type.", a.dtype().name(), b.dtype().name());
  call.allow(at::infer_size(a.sizes(), b.sizes()));
  return {a, b};
}

template <class Step>
Outputs folded(const Call& call, Step step) {
  auto all = call.input(0);
  for (size_t i = 1; i < call.count(); ++i) {
    const auto& next = call.input(i);
    if (all.scalar_type() != next.scalar_type())
      call.refuse("its inputs are of {} and {}: expected one type.", all.dtype().name(), next.dtype().name());
    call.allow(at::infer_size(all.sizes(), next.sizes()));
    all = step(all, next);
  }
  return {all};
}

// Towards zero, as C++ has it; what would be undefined there is refused, or wraps.
at::Tensor whole_quotient(const Call& call, const Pair& pair) {
  if (pair.b.eq(0).any().item<bool>()) call.refuse("whole numbers are divided by 0.");
  const auto minus_one = pair.b.eq(-1);
  const auto divisor = at::where(minus_one, at::ones_like(pair.b), pair.b);
  return at::where(minus_one, -pair.a, at::div(pair.a, divisor, "trunc"));
}

// Divisors of which none is 0, and -1, by which the smallest number cannot be divided, is 1: the remainder is 0 as
// well.
at::Tensor remainder_divisor(const Call& call, const at::Tensor& b) {
  if (b.eq(0).any().item<bool>()) call.refuse("whole numbers are divided by 0.");
  return at::where(b.eq(-1), at::ones_like(b), b);
}

at::ScalarType cast_type(const Call& call) {
  const auto dtype = io::onnx_dtype(call.integer("to", 0));
  if (!dtype) call.refuse("to ONNX's type {}, which graft does not know.", call.integer("to", 0));
  return value_type(*dtype);
}

}  // namespace

Outputs abs(const Call& call) {
  return {at::abs(call.input(0))};
}
Outputs ceil(const Call& call) {
  return {at::ceil(call.input(0))};
}
Outputs cos(const Call& call) {
  return {at::cos(call.input(0))};
}
Outputs erf(const Call& call) {
  return {at::erf(call.input(0))};
}
Outputs exp(const Call& call) {
  return {at::exp(call.input(0))};
}
Outputs floor(const Call& call) {
  return {at::floor(call.input(0))};
}
Outputs identity(const Call& call) {
  return {call.input(0)};
}
Outputs log(const Call& call) {
  return {at::log(call.input(0))};
}
Outputs logical_not(const Call& call) {
  return {at::logical_not(call.input(0))};
}
Outputs neg(const Call& call) {
  return {at::neg(call.input(0))};
}
Outputs reciprocal(const Call& call) {
  return {at::reciprocal(call.input(0))};
}
Outputs relu(const Call& call) {
  return {at::relu(call.input(0))};
}
Outputs sigmoid(const Call& call) {
  return {at::sigmoid(call.input(0))};
}
Outputs sin(const Call& call) {
  return {at::sin(call.input(0))};
}
Outputs softplus(const Call& call) {
  return {at::softplus(call.input(0))};
}
Outputs sqrt(const Call& call) {
  return {at::sqrt(call.input(0))};
}
Outputs tanh(const Call& call) {
  return {at::tanh(call.input(0))};
}
Outputs elu(const Call& call) {
  return {at::elu(call.input(0), call.real("alpha", 1))};
}
Outputs leaky_relu(const Call& call) {
  return {at::leaky_relu(call.input(0), call.real("alpha", 0.01f))};
}
Outputs hard_sigmoid(const Call& call) {
  return {(call.input(0) * call.real("alpha", 0.2f) + call.real("beta", 0.5f)).clamp(0, 1)};
}
Outputs hard_swish(const Call& call) {
  return {call.input(0) * (call.input(0) / 6 + 0.5).clamp(0, 1)};
}
Outputs gelu(const Call& call) {
  const auto form = call.text("approximate", "none");
  if (form != "none" && form != "tanh") call.refuse("approximate '{}': expected none or tanh.", form);
  return {at::gelu(call.input(0), form)};
}

Outputs add(const Call& call) {
  const auto [a, b] = pair_of(call);
  return {a + b};
}
Outputs sub(const Call& call) {
  const auto [a, b] = pair_of(call);
  return {a - b};
}
Outputs mul(const Call& call) {
  const auto [a, b] = pair_of(call);
  return {a * b};
}
Outputs div(const Call& call) {
  const auto pair = pair_of(call);
  return {pair.a.is_floating_point() ? pair.a / pair.b : whole_quotient(call, pair)};
}
// With fmod the remainder has the dividend's sign, as C has it; without, of whole numbers alone, the divisor's.
Outputs mod(const Call& call) {
  const auto [a, b] = pair_of(call);
  const bool of_c = call.flag("fmod", false);
  if (a.is_floating_point()) {
    if (!of_c) call.refuse("fmod 0 of {}: expected whole numbers.", a.dtype().name());
    return {at::fmod(a, b)};
  }
  const auto divisor = remainder_divisor(call, b);
  return {of_c ? at::fmod(a, divisor) : at::remainder(a, divisor)};
}
Outputs equal(const Call& call) {
  const auto [a, b] = pair_of(call);
  return {a.eq(b)};
}
Outputs greater(const Call& call) {
  const auto [a, b] = pair_of(call);
  return {a.gt(b)};
}
Outputs greater_or_equal(const Call& call) {
  const auto [a, b] = pair_of(call);
  return {a.ge(b)};
}
Outputs less(const Call& call) {
  const auto [a, b] = pair_of(call);
  return {a.lt(b)};
}
Outputs less_or_equal(const Call& call) {
  const auto [a, b] = pair_of(call);
  return {a.le(b)};
}
Outputs logical_and(const Call& call) {
  const auto [a, b] = pair_of(call);
  return {at::logical_and(a, b)};
}
Outputs logical_or(const Call& call) {
  const auto [a, b] = pair_of(call);
  return {at::logical_or(a, b)};
}
Outputs prelu(const Call& call) {
  const auto [x, slope] = pair_of(call);
  return {at::where(x.lt(0), x * slope, x)};
}
Outputs where(const Call& call) {
  const auto [a, b] = pair_of(call, 2);
  const auto& condition = call.input(0);
  if (condition.scalar_type() != at::kBool) call.refuse("input 0 is of {}: expected truths.", condition.dtype().name());
  call.allow(at::infer_size(condition.sizes(), at::infer_size(a.sizes(), b.sizes())));
  return {at::where(condition, a, b)};
}
Outputs maximum(const Call& call) {
  return folded(call, [](const at::Tensor& a, const at::Tensor& b) { return at::maximum(a, b); });
}
Outputs minimum(const Call& call) {
  return folded(call, [](const at::Tensor& a, const at::Tensor& b) { return at::minimum(a, b); });
}
Outputs sum(const Call& call) {
  return folded(call, [](const at::Tensor& a, const at::Tensor& b) { return a + b; });
}

// The power is of the base's type, whatever the exponent's is.
Outputs pow(const Call& call) {
  const auto &base = call.input(0), &exponent = call.input(1);
  call.allow(at::infer_size(base.sizes(), exponent.sizes()));
  if (base.is_floating_point()) return {at::pow(base, exponent.to(base.scalar_type()))};
  return {at::pow(base.to(at::kDouble), exponent.to(at::kDouble)).to(base.scalar_type())};
}

Outputs clip(const Call& call) {
  auto x = call.input(0);
  if (call.has(1)) x = at::maximum(x, call.input(1).to(x.scalar_type()));
  if (call.has(2)) x = at::minimum(x, call.input(2).to(x.scalar_type()));
  return {x};
}
Outputs clip_by_attributes(const Call& call) {
  constexpr auto kMost = std::numeric_limits<float>::max();
  return {call.input(0).clamp_min(call.real("min", -kMost)).clamp_max(call.real("max", kMost))};
}

// A half is computed as float32 throughout, so that what casts to one keeps its digits.
Outputs cast(const Call& call) {
  return {call.input(0).to(cast_type(call))};
}

Outputs dropout(const Call& call) {
  if (call.has(2) && call.number_of(2) != 0) call.refuse("it drops at random (training_mode): export for inference.");
  return {call.input(0)};
}

}  // namespace graft::models::onnx
