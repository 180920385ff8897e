// The inner loops of this room, once an instruction set: plain C arrays in, plain C arrays out, one thread, no
// libtorch. The drivers (frozen_product, attention_kernels, norm) cut the work into pieces that fit the cache and call
// these.
#pragma once

#include <cstdint>

#include "graft/tensor/activation_kind.h"

namespace graft::tensor {

using bf16_bits = uint16_t;

// Rows of float32 or bfloat16 numbers, `stride` elements apart.
struct ConstRows {
  const void* data = nullptr;
  int64_t stride = 0;
  bool bf16 = false;
};
struct Rows {
  void* data = nullptr;  // null: not wanted
  int64_t stride = 0;
  bool bf16 = false;
};

// What happens to a finished stripe of sums before it is stored.
struct Epilogue {
  const float* bias = nullptr;  // [panel] or null
  Activation activation = Activation::none;
  Rows before;  // the sums with bias, before the activation
  Rows out;
};

struct KernelTable {
  int64_t panel;  // columns that a product makes at once: b is [k, panel], c is [m, panel]

  // c[i][j] = (add ? c[i][j] : 0) + sum over k of a(i, k) b[k][j]. For every c, the sum runs in the order of k whatever
  // m is. The first reads a(i, k) at a[i * lda + k], the second at a[k * lda + i].
  void (*product)(int64_t m, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc,
                  bool add);
  void (*product_of_transposed)(int64_t m, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb,
                                float* c, int64_t ldc, bool add);

  // The exact integer product of 16-bit numbers in pairs: a [m, 2 pairs] rows lda apart, b [pairs, panel, 2].
  void (*product_of_integers)(int64_t m, int64_t pairs, const int16_t* a, int64_t lda, const int16_t* b, int32_t* c,
                              bool add);

  // c = (add ? c : 0) + a bᵀ of bf16 numbers in pairs, laid out as the integers are, summed in float32. Null where the
  // processor has no such instruction.
  void (*product_of_bf16)(int64_t m, int64_t pairs, const bf16_bits* a, int64_t lda, const bf16_bits* b, float* c,
                          bool add);

  // c float [m, panel] = sums * row_scale[i] * column_scale[j]
  void (*rescale)(int64_t m, const int32_t* sums, const float* row_scale, const float* column_scale, float* c);

  // Stores the first `columns` of each row of sums [m, panel].
  void (*finish)(int64_t m, int64_t columns, const float* sums, const Epilogue&);

  void (*widen)(int64_t n, const bf16_bits* from, float* to);
  void (*narrow)(int64_t n, const float* from, bf16_bits* to);  // to nearest, ties to even
  void (*widen_bytes)(int64_t n, const int8_t* from, int16_t* to);

  // gradient[i] *= act'(before[i])
  void (*activation_backward)(int64_t n, Activation, const float* before, float* gradient);
  // to[i] = round(from[i] * column_scale[i] / scale), |to| <= limit; returns the scale (0 for a row of zeros).
  float (*quantise)(int64_t n, const float* from, const float* column_scale, int32_t limit, int16_t* to);
  void (*add_to)(int64_t n, const float* from, float* to);

  // The scores of `keys` keys for `panel` queries, [keys, panel] rows lds apart, become exp(scale s - lse) in place;
  // the log-sum-exp of each query is written. A query that sees no key gets zeros and an lse of +infinity.
  void (*softmax)(int64_t keys, float scale, float* scores, int64_t lds, float* lse);
  // The same from scores and their log-sum-exp, and the gradient of the probabilities becomes that of the scores before
  // they were scaled: p (dp - sum p dp) gradient_scale.
  void (*softmax_backward)(int64_t keys, float scale, float gradient_scale, float* scores, float* gradient, int64_t lds,
                           const float* lse);

  // One row: stream = x + change (change may be null), normalised to mean 0 and variance 1, times weight plus bias.
  struct Moments {
    float mean, inverse_deviation;
  };
  Moments (*layer_norm)(int64_t n, float eps, const float* x, ConstRows change, const float* weight, const float* bias,
                        Rows stream, Rows out);
  // dx = d_stream (may be null) + the norm's gradient.
  void (*layer_norm_backward)(int64_t n, Moments, const float* stream, ConstRows d_out, const float* weight,
                              const float* d_stream, Rows dx, Rows d_change);
};

// The table that fits this processor, or null.
const KernelTable* fast_kernels();

// Both null where the compiler or the processor lacks the instructions.
const KernelTable* avx2_kernels();
const KernelTable* avx512_kernels();

}  // namespace graft::tensor
