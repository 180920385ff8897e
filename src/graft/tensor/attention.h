// Scaled dot-product attention for short sequences (images, prompts, sentences up to some hundred tokens): a head of an
// image is one task that stays in the cache. The forward keeps one log-sum-exp a row; the backward recomputes the
// probabilities (Dao et al. 2022, arXiv:2205.14135, without the tiling over keys that long sequences need).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace graft::tensor {

struct AttentionOptions {
  double scale = 0;  // of the scores; 0: 1 / sqrt(width of a head)
  bool causal =
      false;  // a query sees no key behind its own place (the last query sits at the last key); all see extra keys
  at::Tensor mask =
      {};  // broadcastable to [B, heads, queries, extra + keys]: bool (true: may look) or added to the scores
  at::Tensor extra_keys = {},
             extra_values = {};  // [B or 1, heads of the keys, P, d], put before the sequence's own (prefix tuning)
  at::Tensor present = {};       // [B, Tk] bool: keys that are no padding, and are seen; undefined: all. Where padding
                                 // comes last, as it does in a batch of texts, it costs no time
};

// qkv [B, T, 3 D], the three side by side as a fused projection writes them -> [B, T, D]; rows that are padding get 0.
// Differentiable in qkv and the extra keys and values; the mask is a constant.
at::Tensor attention(const at::Tensor& qkv, int64_t heads, const AttentionOptions& = {});

// q [B, Tq, heads d], k and v [B, Tk, key_heads d] -> [B, Tq, heads d]. Head h looks at key head
// h / (heads / key_heads). The rows may be strided (slices of a wider tensor), their columns not.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t heads,
                     const AttentionOptions& = {});

}  // namespace graft::tensor
