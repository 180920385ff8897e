// What happens to rows in kernels.h, over Simd: sums finished, types changed, numbers rounded to fewer levels.
#pragma once

namespace graft::tensor {
namespace {

void rescale(int64_t m, const int32_t* sums, const float* row_scale, const float* column_scale, float* c) {
  for (int64_t i = 0; i < m; ++i) {
    const F row = Simd::set(row_scale[i]);
    for (int64_t j = 0; j < kPanel; j += kLanes) {
      const F scale = column_scale ? Simd::mul(row, Simd::load(column_scale + j)) : row;
      Simd::store(c + i * kPanel + j, Simd::mul(Simd::load_as_float(sums + i * kPanel + j), scale));
    }
  }
}

void rescale_bytes(int64_t m, const int32_t* sums, const ByteScale* row_scale, const int32_t* column_sums,
                   const float* column_scale, float* c) {
  for (int64_t i = 0; i < m; ++i) {
    const F row = Simd::set(row_scale[i].scale), zero = Simd::set(static_cast<float>(row_scale[i].zero));
    for (int64_t j = 0; j < kPanel; j += kLanes) {
      const F scale = column_scale ? Simd::mul(row, Simd::load(column_scale + j)) : row;
      // both whole numbers below 2^31; where they leave float32's 24 bits their rounding is 1e-7 of the sum
      const F shifted =
          Simd::sub(Simd::load_as_float(sums + i * kPanel + j), Simd::mul(zero, Simd::load_as_float(column_sums + j)));
      Simd::store(c + i * kPanel + j, Simd::mul(shifted, scale));
    }
  }
}

// An activation as a type, for visit(Is<activation>()).
template <Activation kActivation>
struct Is {
  static constexpr Activation value = kActivation;
};
template <class Visit>
GRAFT_INLINE void with_activation(Activation activation, const Visit& visit) {
  switch (activation) {
    case Activation::none:
      return visit(Is<Activation::none>());
    case Activation::relu:
      return visit(Is<Activation::relu>());
    case Activation::gelu:
      return visit(Is<Activation::gelu>());
    case Activation::gelu_tanh:
      return visit(Is<Activation::gelu_tanh>());
    case Activation::quick_gelu:
      return visit(Is<Activation::quick_gelu>());
    case Activation::silu:
      return visit(Is<Activation::silu>());
  }
}

// A function of its own for each: together in one their loops run out of registers.
template <Activation kActivation, class T, bool kWholePanel>
__attribute__((noinline)) void finish_rows(int64_t m, int64_t columns, const float* sums, const Epilogue& e) {
  constexpr bool kToBf16 = sizeof(T) == sizeof(bf16_bits);
  const auto* const bias = e.bias;
  const auto* residual = static_cast<const T*>(e.residual.data);
  auto* before = static_cast<T*>(e.before.data);
  auto* out = static_cast<T*>(e.out.data);
  const auto residual_stride = e.residual.stride, before_stride = e.before.stride, out_stride = e.out.stride;
  if constexpr (kWholePanel) columns = kPanel;
  for (int64_t i = 0; i < m; ++i, sums += kPanel) {
    for (int64_t j = 0; j < columns; j += kLanes) {
      const int64_t left = kWholePanel ? kLanes : columns - j;
      F x = Simd::load(sums + j);
      if (bias) x = Simd::add(x, Simd::load(bias + j));
      if (before) store_first(before + j, left, x);
      x = activate<kActivation, kToBf16>(x);
      if (residual) x = Simd::add(x, load_first(residual + j, left));
      store_first(out + j, left, x);
    }
    if (before) before += before_stride;
    if (residual) residual += residual_stride;
    out += out_stride;
  }
}

void finish(int64_t m, int64_t columns, const float* sums, const Epilogue& e) {
  with_activation(e.activation, [&](auto is) {
    constexpr auto kActivation = decltype(is)::value;
    const bool whole = columns == kPanel;
    const auto rows =
        e.out.bf16 ? (whole ? &finish_rows<kActivation, bf16_bits, true> : &finish_rows<kActivation, bf16_bits, false>)
                   : (whole ? &finish_rows<kActivation, float, true> : &finish_rows<kActivation, float, false>);
    rows(m, columns, sums, e);
  });
}

void widen(int64_t n, const bf16_bits* from, float* to) {
  for (int64_t i = 0; i < n; i += kLanes)
    store_first(to + i, n - i, load_first(from + i, n - i));
}

void narrow(int64_t n, const float* from, bf16_bits* to) {
  for (int64_t i = 0; i < n; i += kLanes)
    store_first(to + i, n - i, load_first(from + i, n - i));
}

void widen_bytes(int64_t n, const int8_t* from, int16_t* to) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    Simd::widen_bytes(from + i, to + i);
  for (; i < n; ++i)
    to[i] = from[i];
}

template <Activation kActivation, class T>
void activation_backward_row(int64_t n, const T* before, const T* gradient, Rows to) {
  constexpr bool kToBf16 = sizeof(T) == sizeof(bf16_bits);
  for (int64_t i = 0; i < n; i += kLanes) {
    const F x = load_first(before + i, n - i), d = load_first(gradient + i, n - i);
    store_row(to, i, n - i, times_slope<kActivation, kToBf16>(x, d));
  }
}

void activation_backward(int64_t n, Activation activation, ConstRows before, ConstRows gradient, Rows to) {
  with_activation(activation, [&](auto is) {
    if (before.bf16) {
      return activation_backward_row<decltype(is)::value>(n, static_cast<const bf16_bits*>(before.data),
                                                          static_cast<const bf16_bits*>(gradient.data), to);
    }
    activation_backward_row<decltype(is)::value>(n, static_cast<const float*>(before.data),
                                                 static_cast<const float*>(gradient.data), to);
  });
}

template <Activation kActivation, class T>
void affine_row(int64_t n, const T* x, const float* scale, const float* shift, T* out) {
  constexpr bool kToBf16 = sizeof(T) == sizeof(bf16_bits);
  for (int64_t i = 0; i < n; i += kLanes) {
    const F z = Simd::fma(load_first(x + i, n - i), load_first(scale + i, n - i), load_first(shift + i, n - i));
    store_first(out + i, n - i, activate<kActivation, kToBf16>(z));
  }
}

void affine(int64_t n, Activation activation, ConstRows x, const float* scale, const float* shift, Rows out) {
  with_activation(activation, [&](auto is) {
    constexpr auto kActivation = decltype(is)::value;
    if (x.bf16) {
      return affine_row<kActivation>(n, static_cast<const bf16_bits*>(x.data), scale, shift,
                                     static_cast<bf16_bits*>(out.data));
    }
    affine_row<kActivation>(n, static_cast<const float*>(x.data), scale, shift, static_cast<float*>(out.data));
  });
}

template <Activation kActivation, class T>
void affine_backward_row(int64_t n, const T* x, const T* gradient, const float* scale, const float* shift, T* to,
                         float* d_scale, float* d_shift) {
  constexpr bool kToBf16 = sizeof(T) == sizeof(bf16_bits);
  const auto add = [&](float* sums, int64_t i, F change) {
    if (sums) store_first(sums + i, n - i, Simd::add(load_first(sums + i, n - i), change));
  };
  for (int64_t i = 0; i < n; i += kLanes) {
    const F u = load_first(x + i, n - i), factor = load_first(scale + i, n - i);
    const F z = Simd::fma(u, factor, load_first(shift + i, n - i));
    const F d = times_slope<kActivation, kToBf16>(z, load_first(gradient + i, n - i));
    if (to) store_first(to + i, n - i, Simd::mul(d, factor));
    add(d_scale, i, Simd::mul(d, u));
    add(d_shift, i, d);
  }
}

void affine_backward(int64_t n, Activation activation, ConstRows x, ConstRows gradient, const float* scale,
                     const float* shift, Rows to, float* d_scale, float* d_shift) {
  with_activation(activation, [&](auto is) {
    const auto run = [&](auto number) {
      using T = decltype(number);
      affine_backward_row<decltype(is)::value>(n, static_cast<const T*>(x.data), static_cast<const T*>(gradient.data),
                                               scale, shift, static_cast<T*>(to.data), d_scale, d_shift);
    };
    if (x.bf16) return run(bf16_bits());
    run(float());
  });
}

float quantise(int64_t n, const float* from, const float* column_scale, int32_t limit, int16_t* to) {
  const auto value = [&](int64_t i) {
    const F x = load_first(from + i, n - i);
    return column_scale ? Simd::mul(x, load_first(column_scale + i, n - i)) : x;
  };
  F bound = Simd::zero();
  for (int64_t i = 0; i < n; i += kLanes)
    bound = Simd::max(Simd::abs(value(i)), bound);
  const float largest = Simd::largest(bound);
  const F factor = Simd::set(largest > 0 ? static_cast<float>(limit) / largest : 0.0f);
  for (int64_t i = 0; i < n; i += kLanes) {
    const F whole = Simd::round(Simd::mul(value(i), factor));
    if (n - i >= kLanes) {
      Simd::store_whole(to + i, whole);
    } else {
      int16_t buffer[kLanes];
      Simd::store_whole(buffer, whole);
      for (int64_t j = 0; j < n - i; ++j)
        to[i + j] = buffer[j];
    }
  }
  return largest / static_cast<float>(limit);
}

ByteScale quantise_bytes(int64_t n, ConstRows from, const float* column_scale, uint8_t* to) {
  const auto value = [&](int64_t i) {
    const F x = load_row(from, i, n - i);
    return column_scale ? Simd::mul(x, load_first(column_scale + i, n - i)) : x;
  };
  F low = Simd::zero(), high = Simd::zero();
  for (int64_t i = 0; i < n; i += kLanes) {
    const F x = value(i);
    low = Simd::min(x, low);
    high = Simd::max(x, high);
  }
  const float range = Simd::largest(high) + Simd::largest(Simd::sub(Simd::zero(), low));
  if (!(range > 0)) {
    for (int64_t i = 0; i < n; ++i)
      to[i] = 0;
    return {0, 0};
  }
  const F factor = Simd::set(255 / range);
  const float zero = roundf(Simd::largest(Simd::sub(Simd::zero(), low)) * (255 / range));
  const F shift = Simd::set(zero), most = Simd::set(255);
  for (int64_t i = 0; i < n; i += kLanes) {
    const F whole = Simd::add(Simd::round(Simd::mul(value(i), factor)), shift);
    const F bounded = Simd::min(Simd::max(whole, Simd::zero()), most);
    if (n - i >= kLanes) {
      Simd::store_whole(to + i, bounded);
    } else {
      uint8_t buffer[kLanes];
      Simd::store_whole(buffer, bounded);
      for (int64_t j = 0; j < n - i; ++j)
        to[i + j] = buffer[j];
    }
  }
  return {range / 255, static_cast<int32_t>(zero)};
}

void interleave(int64_t n, const bf16_bits* first, const bf16_bits* second, bf16_bits* to) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    Simd::store_pairs(to + 2 * i, Simd::load(first + i), second ? Simd::load(second + i) : Simd::zero());
  for (; i < n; ++i) {
    to[2 * i] = first[i];
    to[2 * i + 1] = second ? second[i] : static_cast<bf16_bits>(0);
  }
}

void add_to(int64_t n, const float* from, float* to) {
  for (int64_t i = 0; i < n; i += kLanes)
    store_first(to + i, n - i, Simd::add(load_first(to + i, n - i), load_first(from + i, n - i)));
}

}  // namespace
}  // namespace graft::tensor
