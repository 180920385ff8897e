// exp, the activations and their derivatives on a vector of float32 lanes. Included after a simd_*.h, which gives Simd.
#pragma once

#include "graft/tensor/activation_kind.h"

namespace graft::tensor {
namespace {

using F = Simd::F;

// Within 2 units in the last place; below -87 zero, above 88 e^88. A NaN stays one.
GRAFT_INLINE F exp(F x) {
  const F bound = Simd::set(-87.0f);
  const F bounded = Simd::min(Simd::set(88.0f), Simd::max(bound, x));
  const F n = Simd::round(Simd::mul(bounded, Simd::set(1.44269504f)));
  F r = Simd::fma(n, Simd::set(-0.693359375f), bounded);  // ln 2 in two parts
  r = Simd::fma(n, Simd::set(2.12194440e-4f), r);
  F p = Simd::set(1.0f / 720);  // Taylor to the sixth on |r| <= ln 2 / 2: the next term is 1.2e-7
  p = Simd::fma(p, r, Simd::set(1.0f / 120));
  p = Simd::fma(p, r, Simd::set(1.0f / 24));
  p = Simd::fma(p, r, Simd::set(1.0f / 6));
  p = Simd::fma(p, r, Simd::set(0.5f));
  p = Simd::fma(p, r, Simd::set(1.0f));
  p = Simd::fma(p, r, Simd::set(1.0f));
  return Simd::where_not_less(x, bound, Simd::mul(p, Simd::power_of_two(n)));
}

GRAFT_INLINE F sigmoid(F x) {
  const F one = Simd::set(1.0f);
  return Simd::div(one, Simd::add(one, exp(Simd::sub(Simd::zero(), x))));
}

// Phi(x) for the normal distribution by Abramowitz and Stegun 7.1.26 (within 7.5e-8), given e^(-x^2 / 2).
GRAFT_INLINE F normal_cdf(F x, F bell) {
  const F half = Simd::set(0.5f);
  const F t = Simd::div(Simd::set(1.0f), Simd::fma(Simd::abs(x), Simd::set(0.3275911f * 0.70710678f), Simd::set(1.0f)));
  F p = Simd::set(0.5f * 1.061405429f);
  p = Simd::fma(p, t, Simd::set(0.5f * -1.453152027f));
  p = Simd::fma(p, t, Simd::set(0.5f * 1.421413741f));
  p = Simd::fma(p, t, Simd::set(0.5f * -0.284496736f));
  p = Simd::fma(p, t, Simd::set(0.5f * 0.254829592f));
  const F tail = Simd::mul(Simd::mul(p, t), bell);
  return Simd::add(half, Simd::copy_sign(Simd::sub(half, tail), x));
}

GRAFT_INLINE F bell_curve(F x) {
  return exp(Simd::mul(Simd::mul(x, x), Simd::set(-0.5f)));
}

// 2 u(x) with gelu_tanh(x) = x sigmoid(2 u(x))
GRAFT_INLINE F tanh_argument(F x) {
  const F cubic = Simd::fma(Simd::mul(x, x), Simd::set(0.044715f), Simd::set(1.0f));
  return Simd::mul(Simd::mul(x, cubic), Simd::set(2 * 0.7978845608f));
}

template <Activation kActivation>
GRAFT_INLINE F activate(F x) {
  if constexpr (kActivation == Activation::relu) return Simd::where_not_less(x, Simd::zero(), x);
  if constexpr (kActivation == Activation::gelu) return Simd::mul(x, normal_cdf(x, bell_curve(x)));
  if constexpr (kActivation == Activation::gelu_tanh) return Simd::mul(x, sigmoid(tanh_argument(x)));
  if constexpr (kActivation == Activation::quick_gelu) return Simd::mul(x, sigmoid(Simd::mul(x, Simd::set(1.702f))));
  if constexpr (kActivation == Activation::silu) return Simd::mul(x, sigmoid(x));
  return x;
}

// x sigmoid(u) -> sigmoid(u) + x u' sigmoid(u) (1 - sigmoid(u))
GRAFT_INLINE F gate_slope(F gate, F x_times_slope) {
  return Simd::fma(Simd::mul(x_times_slope, gate), Simd::sub(Simd::set(1.0f), gate), gate);
}

template <Activation kActivation>
GRAFT_INLINE F times_slope(F x, F gradient) {
  if constexpr (kActivation == Activation::relu) return Simd::where_positive(x, gradient);
  if constexpr (kActivation == Activation::gelu) {
    const F bell = bell_curve(x);
    return Simd::mul(gradient, Simd::fma(Simd::mul(x, bell), Simd::set(0.3989422804f), normal_cdf(x, bell)));
  }
  if constexpr (kActivation == Activation::gelu_tanh) {
    const F slope =
        Simd::fma(Simd::mul(x, x), Simd::set(2 * 0.7978845608f * 3 * 0.044715f), Simd::set(2 * 0.7978845608f));
    return Simd::mul(gradient, gate_slope(sigmoid(tanh_argument(x)), Simd::mul(x, slope)));
  }
  if constexpr (kActivation == Activation::quick_gelu) {
    const F u = Simd::mul(x, Simd::set(1.702f));
    return Simd::mul(gradient, gate_slope(sigmoid(u), u));
  }
  if constexpr (kActivation == Activation::silu) return Simd::mul(gradient, gate_slope(sigmoid(x), x));
  return gradient;
}

}  // namespace
}  // namespace graft::tensor
