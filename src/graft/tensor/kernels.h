// The inner loops of this room, once an instruction set: plain C arrays in, plain C arrays out, one thread, no
// libtorch. The drivers (frozen_product, attention_kernels, norm) cut the work into pieces that fit the cache and call
// these.
#pragma once

#include <cstdint>

#include "graft/tensor/activation_kind.h"
#include "graft/tensor/block_format.h"

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
  Rows before;              // the sums with bias, before the activation; of the type of `out`
  ConstRows residual = {};  // of the type of `out` too, added behind the activation; null data: none
  Rows out;
};

// c[i][j] = (add ? c[i][j] : 0) + the sum over `steps` of a(i, step) b(step, j), for m rows and the first `columns` of
// one panel; what lies behind them in c is undefined.
// A step is one float, a pair of 16-bit numbers or four bytes of a row: b is [steps, panel, numbers a step], its steps
// ldb numbers apart. Every sum runs in the order of its steps whatever m is.
template <class Left, class Right, class Sum>
using ProductKernel = void (*)(int64_t m, int64_t columns, int64_t steps, const Left* a, int64_t lda, const Right* b,
                               int64_t ldb, Sum* c, int64_t ldc, bool add);

enum class Rounding { none, to_f16, to_bf16 };

// Rows of a weight in blocks, row_bytes apart: of each, `units` times thirty-two numbers from 32 first_unit on.
struct BlockTile {
  const uint8_t* blocks;
  int64_t row_bytes;
  int64_t rows, first_unit, units;
  const float* scales = nullptr;       // [rows, units] of nf4, whose blocks have none
  Rounding rounding = Rounding::none;  // of nf4's numbers
};

// Rows of whole numbers in units of thirty-two, x = scale number, one behind the other.
struct ShortUnits {
  const int16_t* numbers;  // [rows, units, 32]
  const float* scales;     // [rows, units]
  const float* sums;       // [rows, units, 2]: of x over each half of a unit
  int64_t units;
};

// x = (u - zero) scale for bytes u.
struct ByteScale {
  float scale;
  int32_t zero;
};

struct KernelTable {
  int64_t panel;  // columns that a product makes at once

  ProductKernel<float, float, float> product;                // a(i, step) begins at a[i * lda + step * numbers a step]
  ProductKernel<float, float, float> product_of_transposed;  // ... at a[step * lda + i * numbers a step]
  ProductKernel<int16_t, int16_t, int32_t> product_of_integers;  // exact
  // Null where the processor has no such instruction.
  ProductKernel<uint8_t, int8_t, int32_t> product_of_bytes;  // exact
  ProductKernel<bf16_bits, bf16_bits, float> product_of_bf16, product_of_transposed_bf16;

  // c float [m, panel] = sums * row_scale[i] * column_scale[j]; a null column_scale is one.
  void (*rescale)(int64_t m, const int32_t* sums, const float* row_scale, const float* column_scale, float* c);
  // c = (sums - zero_i column_sums[j]) * scale_i * column_scale[j]: sums of bytes and their rows' scales.
  void (*rescale_bytes)(int64_t m, const int32_t* sums, const ByteScale*, const int32_t* column_sums,
                        const float* column_scale, float* c);

  // Stores the first `columns` of each row of sums [m, panel].
  void (*finish)(int64_t m, int64_t columns, const float* sums, const Epilogue&);

  void (*widen)(int64_t n, const bf16_bits* from, float* to);
  void (*narrow)(int64_t n, const float* from, bf16_bits* to);  // to nearest, ties to even
  void (*widen_bytes)(int64_t n, const int8_t* from, int16_t* to);

  // to[i] = gradient[i] act'(before[i]), a row of each; before and gradient of one type.
  void (*activation_backward)(int64_t n, Activation, ConstRows before, ConstRows gradient, Rows to);
  // out = act(x scale + shift), a row of n; x and out of one type.
  void (*affine)(int64_t n, Activation, ConstRows x, const float* scale, const float* shift, Rows out);
  // With d = gradient act'(x scale + shift), to = d scale, d_scale += d x and d_shift += d; null: not wanted. x,
  // gradient and to of one type.
  void (*affine_backward)(int64_t n, Activation, ConstRows x, ConstRows gradient, const float* scale,
                          const float* shift, Rows to, float* d_scale, float* d_shift);
  // to[i] = round(from[i] * column_scale[i] / scale), |to| <= limit; returns the scale (0 for a row of zeros).
  float (*quantise)(int64_t n, const float* from, const float* column_scale, int32_t limit, int16_t* to);
  // The same in 256 levels between the smallest and the largest number, 0 among them exactly.
  ByteScale (*quantise_bytes)(int64_t n, ConstRows from, const float* column_scale, uint8_t* to);
  // to[2 i] = first[i], to[2 i + 1] = second[i] (0 where second is null): two rows as a row of pairs.
  void (*interleave)(int64_t n, const bf16_bits* first, const bf16_bits* second, bf16_bits* to);
  void (*add_to)(int64_t n, const float* from, float* to);

  // A tile's numbers, [rows, 32 units] ldt apart.
  void (*dequantise)(BlockFormat, const BlockTile&, float* to, int64_t ldt);
  // sums[i lds + j] = the product of left row i with row j of a tile that has all units of its rows, for the formats
  // whose numbers are bytes (has_byte_units).
  void (*dots_with_blocks)(BlockFormat, const BlockTile&, int64_t m, const ShortUnits&, float* sums, int64_t lds);
  void (*quantise_units)(int64_t units, ConstRows row, int16_t* numbers, float* scales, float* sums);
  // [panel, columns] ldf apart -> [columns, panel], the steps of a panel. Columns in sixteens.
  void (*turn)(int64_t columns, const float* from, int64_t ldf, float* to);
  // The same in bf16, [columns / 2, panel, 2]; columns in thirty-twos. And rows [2 steps, panel] -> [steps, panel, 2].
  // Null without product_of_bf16.
  void (*turn_to_pairs)(int64_t columns, const float* from, int64_t ldf, bf16_bits* to);
  void (*pair_rows)(int64_t steps, const float* from, int64_t ldf, bf16_bits* to);

  // The scores of `keys` keys for `queries` queries, at most a panel, [keys, panel] rows lds apart, become
  // probabilities before they are divided by their sum, exp(scale s - the largest): in place, or in bf16 as pairs of
  // keys, [keys / 2, panel, 2] rows 2 ldp apart. Of each query the log-sum-exp and the share that its sum wants are
  // written: infinity and 0 where it sees no key.
  void (*softmax)(int64_t keys, int64_t queries, float scale, float* scores, int64_t lds, float* lse, float* share);
  void (*softmax_bf16)(int64_t keys, int64_t queries, float scale, float* scores, int64_t lds, bf16_bits* pairs,
                       int64_t ldp, float* lse, float* share);
  // From scores and their log-sum-exp the probabilities p, and from the gradient of p that of the scores before they
  // were scaled, p (dp - sum p dp) gradient_scale. In place; or, with the floats as scratch, in bf16: both as rows
  // [keys, panel] ldp apart, the gradient as pairs of keys besides.
  void (*softmax_backward)(int64_t keys, int64_t queries, float scale, float gradient_scale, float* scores,
                           float* gradient, int64_t lds, const float* lse);
  struct Bf16Scores {
    bf16_bits *probabilities, *gradient;
    bf16_bits* gradient_pairs;
    int64_t ldp;
  };
  void (*softmax_backward_bf16)(int64_t keys, int64_t queries, float scale, float gradient_scale, float* scores,
                                float* gradient, int64_t lds, const float* lse, Bf16Scores);

  // One row: stream = x + change (change may be null), normalised to mean 0 and variance 1 (`normalised` may be null),
  // times weight plus bias.
  struct Moments {
    float mean, inverse_deviation;
  };
  Moments (*layer_norm)(int64_t n, float eps, const float* x, ConstRows change, const float* weight, const float* bias,
                        Rows stream, Rows normalised, Rows out);
  // The normalised row again, (row - mean) factor: from the stream, or kept as it was with 0 and 1.
  struct Normalised {
    ConstRows row;
    float mean, factor;
  };
  // dx = d_stream (may be null) + the norm's gradient.
  void (*layer_norm_backward)(int64_t n, float inverse_deviation, Normalised, ConstRows d_out, const float* weight,
                              const float* d_stream, Rows dx, Rows d_change);
  // d_weight += d_out * the normalised row, d_bias += d_out.
  void (*layer_norm_parameters)(int64_t n, Normalised, ConstRows d_out, float* d_weight, float* d_bias);
};

// The table that fits this processor, or null.
const KernelTable* fast_kernels();

// Both null where the compiler or the processor lacks the instructions.
const KernelTable* avx2_kernels();
const KernelTable* avx512_kernels();

}  // namespace graft::tensor
