// Attention on the kernels, without a graph. A head of an image is a task: its keys and values are copied next to each
// other, then one panel of queries after the other passes over them, scores lying [keys, queries] so that the softmax
// runs down the lanes and no head is ever transposed through memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "graft/tensor/attention.h"

namespace graft::tensor {

// q [B, Tq, heads d], k and v [B, Tk, key_heads d]: float32 or bfloat16, all of one type, last stride 1.
struct AttentionInputs {
  at::Tensor q, k, v;
  int64_t heads = 1;
  AttentionOptions options;           // `present` is told by `lengths`
  std::vector<int64_t> lengths = {};  // [B]: how many rows of k and v are there, the first ones; empty: all
  bool of_one = false;                // q, k and v are rows of one sequence, so the lengths are those of q too
};

struct AttentionForward {
  at::Tensor mixed;  // [B, Tq, heads d] in the type of q
  at::Tensor lse;    // [B, heads, Tq] float32
};

AttentionForward attention_forward(const AttentionInputs&);

// Writes the gradients of q, k and v into tensors of the caller, shaped and typed like them, last stride 1 (views of a
// fused gradient); returns those of the extra keys and values ([B or 1, key_heads, P, d]), undefined without extras.
struct ExtraGradients {
  at::Tensor keys, values;
};
ExtraGradients attention_backward(const AttentionInputs&, const at::Tensor& lse, const at::Tensor& gradient,
                                  const at::Tensor& dq, const at::Tensor& dk, const at::Tensor& dv);

}  // namespace graft::tensor
