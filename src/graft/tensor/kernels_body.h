// The kernels of kernels.h, written once over Simd (one simd_*.h) and compiled once an instruction set.
// Everything is in an unnamed namespace and no standard library header is used: see simd_avx2.h.
#pragma once

#include <math.h>

#include "graft/tensor/kernels.h"
#include "graft/tensor/vector_math.h"

namespace graft::tensor {
namespace {

constexpr int kLanes = 16;
constexpr int kRows = Simd::kTileRows;
constexpr int kVectors = Simd::kTileVectors;
constexpr int64_t kPanel = kLanes * kVectors;

// Fewer than sixteen numbers pass through a buffer; the lanes beyond them are zero.
template <class T>
GRAFT_INLINE F load_first(const T* from, int64_t n) {
  if (n >= kLanes) return Simd::load(from);
  T buffer[kLanes] = {};
  for (int64_t i = 0; i < n; ++i)
    buffer[i] = from[i];
  return Simd::load(buffer);
}

template <class T>
GRAFT_INLINE void store_first(T* to, int64_t n, F x) {
  if (n >= kLanes) return Simd::store(to, x);
  T buffer[kLanes];
  Simd::store(buffer, x);
  for (int64_t i = 0; i < n; ++i)
    to[i] = buffer[i];
}

GRAFT_INLINE F load_row(ConstRows rows, int64_t at, int64_t n) {
  return rows.bf16 ? load_first(static_cast<const bf16_bits*>(rows.data) + at, n)
                   : load_first(static_cast<const float*>(rows.data) + at, n);
}

GRAFT_INLINE void store_row(Rows rows, int64_t at, int64_t n, F x) {
  if (rows.bf16) return store_first(static_cast<bf16_bits*>(rows.data) + at, n, x);
  store_first(static_cast<float*>(rows.data) + at, n, x);
}

// kM x kPanel sums in registers.
template <int kM, bool kTransposed>
GRAFT_INLINE void tile(int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc,
                       bool add) {
  F sums[kM][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j)
      sums[i][j] = add ? Simd::load(c + i * ldc + j * kLanes) : Simd::zero();
  }
  for (int64_t step = 0; step < k; ++step) {
    F right[kVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j)
      right[j] = Simd::load(b + step * ldb + j * kLanes);
#pragma GCC unroll 16
    for (int i = 0; i < kM; ++i) {
      const F left = Simd::broadcast(kTransposed ? a + step * lda + i : a + i * lda + step);
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j)
        sums[i][j] = Simd::fma(left, right[j], sums[i][j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j)
      Simd::store(c + i * ldc + j * kLanes, sums[i][j]);
  }
}

template <int kM, bool kTransposed>
void last_tile(int64_t m, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc,
               bool add) {
  if constexpr (kM > 0) {
    if (m == kM) return tile<kM, kTransposed>(k, a, lda, b, ldb, c, ldc, add);
    last_tile<kM - 1, kTransposed>(m, k, a, lda, b, ldb, c, ldc, add);
  }
}

template <bool kTransposed>
void product(int64_t m, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc,
             bool add) {
  int64_t i = 0;
  for (; i + kRows <= m; i += kRows) {
    tile<kRows, kTransposed>(k, kTransposed ? a + i : a + i * lda, lda, b, ldb, c + i * ldc, ldc, add);
  }
  last_tile<kRows - 1, kTransposed>(m - i, k, kTransposed ? a + i : a + i * lda, lda, b, ldb, c + i * ldc, ldc, add);
}

template <int kM>
GRAFT_INLINE void integer_tile(int64_t pairs, const int16_t* a, int64_t lda, const int16_t* b, int32_t* c, bool add) {
  Simd::I sums[kM][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      sums[i][j] = add ? Simd::load_sums(c + i * kPanel + j * kLanes) : Simd::zero_sums();
    }
  }
  for (int64_t step = 0; step < pairs; ++step) {
    Simd::I right[kVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j)
      right[j] = Simd::load_pairs(b + 2 * (step * kPanel + j * kLanes));
#pragma GCC unroll 16
    for (int i = 0; i < kM; ++i) {
      const Simd::I left = Simd::broadcast_pair(a + i * lda + 2 * step);
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j)
        sums[i][j] = Simd::add_product_of_pairs(left, right[j], sums[i][j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j)
      Simd::store(c + i * kPanel + j * kLanes, sums[i][j]);
  }
}

template <int kM>
void last_integer_tile(int64_t m, int64_t pairs, const int16_t* a, int64_t lda, const int16_t* b, int32_t* c,
                       bool add) {
  if constexpr (kM > 0) {
    if (m == kM) return integer_tile<kM>(pairs, a, lda, b, c, add);
    last_integer_tile<kM - 1>(m, pairs, a, lda, b, c, add);
  }
}

void product_of_integers(int64_t m, int64_t pairs, const int16_t* a, int64_t lda, const int16_t* b, int32_t* c,
                         bool add) {
  int64_t i = 0;
  for (; i + kRows <= m; i += kRows)
    integer_tile<kRows>(pairs, a + i * lda, lda, b, c + i * kPanel, add);
  last_integer_tile<kRows - 1>(m - i, pairs, a + i * lda, lda, b, c + i * kPanel, add);
}

#ifdef GRAFT_BF16_PRODUCTS
template <int kM>
GRAFT_INLINE void bf16_tile(int64_t pairs, const int16_t* a, int64_t lda, const int16_t* b, float* c, bool add) {
  F sums[kM][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j)
      sums[i][j] = add ? Simd::load(c + i * kPanel + j * kLanes) : Simd::zero();
  }
  for (int64_t step = 0; step < pairs; ++step) {
    Simd::I right[kVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j)
      right[j] = Simd::load_pairs(b + 2 * (step * kPanel + j * kLanes));
#pragma GCC unroll 16
    for (int i = 0; i < kM; ++i) {
      const Simd::I left = Simd::broadcast_pair(a + i * lda + 2 * step);
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j)
        sums[i][j] = Simd::add_product_of_bf16_pairs(left, right[j], sums[i][j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j)
      Simd::store(c + i * kPanel + j * kLanes, sums[i][j]);
  }
}

template <int kM>
void last_bf16_tile(int64_t m, int64_t pairs, const int16_t* a, int64_t lda, const int16_t* b, float* c, bool add) {
  if constexpr (kM > 0) {
    if (m == kM) return bf16_tile<kM>(pairs, a, lda, b, c, add);
    last_bf16_tile<kM - 1>(m, pairs, a, lda, b, c, add);
  }
}

void product_of_bf16(int64_t m, int64_t pairs, const bf16_bits* a, int64_t lda, const bf16_bits* b, float* c,
                     bool add) {
  const auto* left = reinterpret_cast<const int16_t*>(a);
  const auto* right = reinterpret_cast<const int16_t*>(b);
  int64_t i = 0;
  for (; i + kRows <= m; i += kRows)
    bf16_tile<kRows>(pairs, left + i * lda, lda, right, c + i * kPanel, add);
  last_bf16_tile<kRows - 1>(m - i, pairs, left + i * lda, lda, right, c + i * kPanel, add);
}
#else
constexpr decltype(KernelTable::product_of_bf16) product_of_bf16 = nullptr;
#endif

void rescale(int64_t m, const int32_t* sums, const float* row_scale, const float* column_scale, float* c) {
  for (int64_t i = 0; i < m; ++i) {
    const F row = Simd::set(row_scale[i]);
    for (int64_t j = 0; j < kPanel; j += kLanes) {
      const F scale = column_scale ? Simd::mul(row, Simd::load(column_scale + j)) : row;
      Simd::store(c + i * kPanel + j, Simd::mul(Simd::load_as_float(sums + i * kPanel + j), scale));
    }
  }
}

Rows row_of(Rows rows, int64_t i) {
  if (!rows.data) return rows;
  char* data = static_cast<char*>(rows.data) + i * rows.stride * (rows.bf16 ? sizeof(bf16_bits) : sizeof(float));
  return {data, rows.stride, rows.bf16};
}

template <Activation kActivation>
void finish_with(int64_t m, int64_t columns, const float* sums, const Epilogue& e) {
  for (int64_t i = 0; i < m; ++i) {
    const Rows before = row_of(e.before, i), out = row_of(e.out, i);
    for (int64_t j = 0; j < columns; j += kLanes) {
      F x = Simd::load(sums + i * kPanel + j);
      if (e.bias) x = Simd::add(x, Simd::load(e.bias + j));
      if (before.data) store_row(before, j, columns - j, x);
      store_row(out, j, columns - j, activate<kActivation>(x));
    }
  }
}

void finish(int64_t m, int64_t columns, const float* sums, const Epilogue& e) {
  switch (e.activation) {
    case Activation::none:
      return finish_with<Activation::none>(m, columns, sums, e);
    case Activation::relu:
      return finish_with<Activation::relu>(m, columns, sums, e);
    case Activation::gelu:
      return finish_with<Activation::gelu>(m, columns, sums, e);
    case Activation::gelu_tanh:
      return finish_with<Activation::gelu_tanh>(m, columns, sums, e);
    case Activation::quick_gelu:
      return finish_with<Activation::quick_gelu>(m, columns, sums, e);
    case Activation::silu:
      return finish_with<Activation::silu>(m, columns, sums, e);
  }
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

template <Activation kActivation>
void activation_backward_with(int64_t n, const float* before, float* gradient) {
  for (int64_t i = 0; i < n; i += kLanes) {
    const F slope = times_slope<kActivation>(load_first(before + i, n - i), load_first(gradient + i, n - i));
    store_first(gradient + i, n - i, slope);
  }
}

void activation_backward(int64_t n, Activation activation, const float* before, float* gradient) {
  switch (activation) {
    case Activation::none:
      return;
    case Activation::relu:
      return activation_backward_with<Activation::relu>(n, before, gradient);
    case Activation::gelu:
      return activation_backward_with<Activation::gelu>(n, before, gradient);
    case Activation::gelu_tanh:
      return activation_backward_with<Activation::gelu_tanh>(n, before, gradient);
    case Activation::quick_gelu:
      return activation_backward_with<Activation::quick_gelu>(n, before, gradient);
    case Activation::silu:
      return activation_backward_with<Activation::silu>(n, before, gradient);
  }
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

void add_to(int64_t n, const float* from, float* to) {
  for (int64_t i = 0; i < n; i += kLanes)
    store_first(to + i, n - i, Simd::add(load_first(to + i, n - i), load_first(from + i, n - i)));
}

void softmax(int64_t keys, float scale, float* scores, int64_t lds, float* lse) {
  for (int64_t j = 0; j < kPanel; j += kLanes) {
    float* const column = scores + j;
    const F factor = Simd::set(scale);
    F top = Simd::set(-1e30f);  // so that a query that sees no key gets exp(-inf - top) = 0
    for (int64_t key = 0; key < keys; ++key)
      top = Simd::max(top, Simd::mul(factor, Simd::load(column + key * lds)));
    F sum = Simd::zero();
    for (int64_t key = 0; key < keys; ++key) {
      const F p = exp(Simd::sub(Simd::mul(factor, Simd::load(column + key * lds)), top));
      sum = Simd::add(sum, p);
      Simd::store(column + key * lds, p);
    }
    float tops[kLanes], sums[kLanes], inverse[kLanes];
    Simd::store(tops, top);
    Simd::store(sums, sum);
    for (int lane = 0; lane < kLanes; ++lane) {
      inverse[lane] = sums[lane] == 0 ? 0 : 1 / sums[lane];
      lse[j + lane] = sums[lane] == 0 ? INFINITY : tops[lane] + logf(sums[lane]);
    }
    const F share = Simd::load(inverse);
    for (int64_t key = 0; key < keys; ++key) {
      Simd::store(column + key * lds, Simd::mul(share, Simd::load(column + key * lds)));
    }
  }
}

void softmax_backward(int64_t keys, float scale, float gradient_scale, float* scores, float* gradient, int64_t lds,
                      const float* lse) {
  for (int64_t j = 0; j < kPanel; j += kLanes) {
    const F factor = Simd::set(scale), shift = Simd::load(lse + j);
    F mean = Simd::zero();  // of the gradient under the probabilities
    for (int64_t key = 0; key < keys; ++key) {
      const F p = exp(Simd::sub(Simd::mul(factor, Simd::load(scores + key * lds + j)), shift));
      Simd::store(scores + key * lds + j, p);
      mean = Simd::fma(p, Simd::load(gradient + key * lds + j), mean);
    }
    for (int64_t key = 0; key < keys; ++key) {
      const F p = Simd::mul(Simd::load(scores + key * lds + j), Simd::set(gradient_scale));
      float* const d = gradient + key * lds + j;
      Simd::store(d, Simd::mul(p, Simd::sub(Simd::load(d), mean)));
    }
  }
}

KernelTable::Moments layer_norm(int64_t n, float eps, const float* x, ConstRows change, const float* weight,
                                const float* bias, Rows stream, Rows out) {
  const auto value = [&](int64_t i) {
    const F own = load_first(x + i, n - i);
    return change.data ? Simd::add(own, load_row(change, i, n - i)) : own;
  };
  F sum = Simd::zero();
  for (int64_t i = 0; i < n; i += kLanes) {
    const F v = value(i);
    if (stream.data) store_row(stream, i, n - i, v);
    sum = Simd::add(sum, v);
  }
  const float mean = Simd::sum(sum) / static_cast<float>(n);
  const ConstRows again = stream.data ? ConstRows{stream.data, 0, false} : ConstRows{x, 0, false};
  const F centre = Simd::set(mean);
  F squares = Simd::zero();
  for (int64_t i = 0; i < n; i += kLanes) {
    F deviation = Simd::sub(load_row(again, i, n - i), centre);
    if (n - i < kLanes) {  // the lanes beyond the row hold 0 - mean
      float buffer[kLanes];
      Simd::store(buffer, deviation);
      for (int64_t lane = n - i; lane < kLanes; ++lane)
        buffer[lane] = 0;
      deviation = Simd::load(buffer);
    }
    squares = Simd::fma(deviation, deviation, squares);
  }
  const float inverse = 1 / sqrtf(Simd::sum(squares) / static_cast<float>(n) + eps);
  const F factor = Simd::set(inverse);
  for (int64_t i = 0; i < n; i += kLanes) {
    F y = Simd::mul(Simd::sub(load_row(again, i, n - i), centre), factor);
    if (weight) y = Simd::mul(y, load_first(weight + i, n - i));
    if (bias) y = Simd::add(y, load_first(bias + i, n - i));
    store_row(out, i, n - i, y);
  }
  return {mean, inverse};
}

void layer_norm_backward(int64_t n, KernelTable::Moments moments, const float* stream, ConstRows d_out,
                         const float* weight, const float* d_stream, Rows dx, Rows d_change) {
  const F centre = Simd::set(moments.mean), factor = Simd::set(moments.inverse_deviation);
  const auto gradient = [&](int64_t i) {
    const F d = load_row(d_out, i, n - i);
    return weight ? Simd::mul(d, load_first(weight + i, n - i)) : d;
  };
  const auto normalised = [&](int64_t i) {
    return Simd::mul(Simd::sub(load_first(stream + i, n - i), centre), factor);
  };
  F sum = Simd::zero(), along = Simd::zero();  // lanes beyond the row have no gradient
  for (int64_t i = 0; i < n; i += kLanes) {
    const F g = gradient(i);
    sum = Simd::add(sum, g);
    along = Simd::fma(g, normalised(i), along);
  }
  const F mean = Simd::set(Simd::sum(sum) / static_cast<float>(n));
  const F slope = Simd::set(Simd::sum(along) / static_cast<float>(n));
  for (int64_t i = 0; i < n; i += kLanes) {
    F d = Simd::mul(factor, Simd::sub(Simd::sub(gradient(i), mean), Simd::mul(slope, normalised(i))));
    if (d_stream) d = Simd::add(d, load_first(d_stream + i, n - i));
    if (dx.data) store_row(dx, i, n - i, d);
    if (d_change.data) store_row(d_change, i, n - i, d);
  }
}

constexpr KernelTable kTable{
    .panel = kPanel,
    .product = product<false>,
    .product_of_transposed = product<true>,
    .product_of_integers = product_of_integers,
    .product_of_bf16 = product_of_bf16,
    .rescale = rescale,
    .finish = finish,
    .widen = widen,
    .narrow = narrow,
    .widen_bytes = widen_bytes,
    .activation_backward = activation_backward,
    .quantise = quantise,
    .add_to = add_to,
    .softmax = softmax,
    .softmax_backward = softmax_backward,
    .layer_norm = layer_norm,
    .layer_norm_backward = layer_norm_backward,
};

}  // namespace
}  // namespace graft::tensor
