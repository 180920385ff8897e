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
  return Simd::where_not_less(x, bound, Simd::times_power_of_two(p, n));
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

// c0 x + c1 x^3 + c2 x^5 ..., x kept within +-bound.
template <int kTerms>
GRAFT_INLINE F odd_polynomial(F x, float bound, const float (&c)[kTerms]) {
  const F limited = Simd::min(Simd::set(bound), Simd::max(Simd::set(-bound), x));
  const F square = Simd::mul(limited, limited);
  F p = Simd::set(c[kTerms - 1]);
#pragma GCC unroll 16
  for (int i = kTerms - 2; i >= 0; --i)
    p = Simd::fma(p, square, Simd::set(c[i]));
  return Simd::mul(limited, p);
}

// Phi(x) within 1.5e-5 and the slope of x Phi(x) within 1.4e-4, for results that are rounded to bf16 (4e-3 of one):
// least squares in the largest error, scaled so that the ends are 0 and 1. A third of the exact forms' work.
GRAFT_INLINE F normal_cdf_to_bf16(F x) {
  constexpr float c[] = {0.398912216f,    -0.0663611656f,  0.00983024747f,  -0.00111416109f, 9.45754796e-05f,
                         -5.7608325e-06f, 2.34369847e-07f, -5.6333723e-09f, 5.99812207e-11f};
  return Simd::add(Simd::set(0.5f), odd_polynomial(x, 4.2f, c));
}
GRAFT_INLINE F gelu_slope_to_bf16(F x) {
  constexpr float c[] = {0.797600811f,     -0.264917257f,   0.0586074387f,   -0.00881557974f, 0.000940512613f,
                         -7.12198053e-05f, 3.72182684e-06f, -1.2680184e-07f, 2.52125202e-09f, -2.21074679e-11f};
  return Simd::add(Simd::set(0.5f), odd_polynomial(x, 4.5f, c));
}

// kToBf16: the result is rounded to bf16.
template <Activation kActivation, bool kToBf16 = false>
GRAFT_INLINE F activate(F x) {
  if constexpr (kActivation == Activation::gelu && kToBf16) return Simd::mul(x, normal_cdf_to_bf16(x));
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

template <Activation kActivation, bool kToBf16 = false>
GRAFT_INLINE F times_slope(F x, F gradient) {
  if constexpr (kActivation == Activation::gelu && kToBf16) return Simd::mul(gradient, gelu_slope_to_bf16(x));
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
