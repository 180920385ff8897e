// The kernels of kernels.h, written once over Simd (one simd_*.h) and compiled once an instruction set.
// Everything is in an unnamed namespace and no standard library header is used: see simd_avx2.h.
#pragma once

#include <math.h>

#include "graft/tensor/kernels.h"
#include "graft/tensor/vector_math_body.h"

namespace graft::tensor {
namespace {

constexpr int kLanes = 16;
constexpr int64_t kPanel = kLanes * Simd::kTileVectors;

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

}  // namespace
}  // namespace graft::tensor

// What follows is written over the few lines above.
#include "graft/tensor/products_body.h"

#include "graft/tensor/blocks_body.h"

#include "graft/tensor/block_dots_body.h"
#include "graft/tensor/norm_body.h"
#include "graft/tensor/rows_body.h"
#include "graft/tensor/softmax_body.h"

namespace graft::tensor {
namespace {

constexpr KernelTable kTable{
    .panel = kPanel,
    .product = product<Floats>,
    .product_of_transposed = product<Floats, true>,
    .product_of_integers = product<Integers>,
#ifdef GRAFT_SHORT_PRODUCTS
    .product_of_bytes = product<Bytes>,
    .product_of_bf16 = product<Bf16Pairs>,
    .product_of_transposed_bf16 = product<Bf16Pairs, true>,
#else
    .product_of_bytes = nullptr,
    .product_of_bf16 = nullptr,
    .product_of_transposed_bf16 = nullptr,
#endif
    .rescale = rescale,
    .rescale_bytes = rescale_bytes,
    .finish = finish,
    .widen = widen,
    .narrow = narrow,
    .widen_bytes = widen_bytes,
    .activation_backward = activation_backward,
    .affine = affine,
    .affine_backward = affine_backward,
    .quantise = quantise,
    .quantise_bytes = quantise_bytes,
    .interleave = interleave,
    .add_to = add_to,
    .dequantise = dequantise,
    .dots_with_blocks = dots_with_blocks,
    .quantise_units = quantise_units,
    .turn = turn,
#ifdef GRAFT_SHORT_PRODUCTS
    .turn_to_pairs = turn_to_pairs,
    .pair_rows = pair_rows,
#else
    .turn_to_pairs = nullptr,
    .pair_rows = nullptr,
#endif
    .softmax = softmax,
    .softmax_bf16 = softmax_bf16,
    .softmax_backward = softmax_backward,
    .softmax_backward_bf16 = softmax_backward_bf16,
    .layer_norm = layer_norm,
    .layer_norm_backward = layer_norm_backward,
    .layer_norm_parameters = layer_norm_parameters,
};

}  // namespace
}  // namespace graft::tensor
