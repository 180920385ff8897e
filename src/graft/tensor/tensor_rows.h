// Rows of contiguous tensors [..., n] for the kernels; of an undefined tensor, none.
#pragma once

#include <ATen/core/Tensor.h>

#include <type_traits>

#include "graft/tensor/kernels.h"

namespace graft::tensor {

// Gradients that are sums over rows: over so many rows first, which depend on no thread, then over those.
constexpr int64_t kRowsASum = 64;

inline bool is_bf16(const at::Tensor& t) {
  return t.scalar_type() == at::kBFloat16;
}

inline ConstRows rows_of(const at::Tensor& t) {
  if (!t.defined()) return {};
  return {t.const_data_ptr(), t.size(-1), is_bf16(t)};
}

inline Rows rows_of_result(const at::Tensor& t) {
  if (!t.defined()) return {};
  return {t.mutable_data_ptr(), t.size(-1), is_bf16(t)};
}

// From row i on, and from a column of it; of no rows, none.
template <class AnyRows>
AnyRows at(AnyRows rows, int64_t i, int64_t column = 0) {
  using Bytes = std::conditional_t<std::is_same_v<AnyRows, Rows>, char, const char>;
  if (!rows.data) return rows;
  const auto size = static_cast<int64_t>(rows.bf16 ? sizeof(bf16_bits) : sizeof(float));
  return {static_cast<Bytes*>(rows.data) + (i * rows.stride + column) * size, rows.stride, rows.bf16};
}

}  // namespace graft::tensor
