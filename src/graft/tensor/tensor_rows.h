// Rows of contiguous tensors [..., n] for the kernels; of an undefined tensor, none.
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/tensor/kernels.h"

namespace graft::tensor {

// Gradients that are sums over rows: over so many rows first, which depend on no thread, then over those.
constexpr int64_t kRowsASum = 256;

inline bool is_bf16(const at::Tensor& t) {
  return t.scalar_type() == at::kBFloat16;
}

inline ConstRows const_row(const at::Tensor& t, int64_t i) {
  if (!t.defined()) return {};
  const auto bytes = i * t.size(-1) * static_cast<int64_t>(t.element_size());
  return {static_cast<const char*>(t.const_data_ptr()) + bytes, t.size(-1), is_bf16(t)};
}

inline Rows row(const at::Tensor& t, int64_t i) {
  if (!t.defined()) return {};
  const auto bytes = i * t.size(-1) * static_cast<int64_t>(t.element_size());
  return {static_cast<char*>(t.mutable_data_ptr()) + bytes, t.size(-1), is_bf16(t)};
}

}  // namespace graft::tensor
