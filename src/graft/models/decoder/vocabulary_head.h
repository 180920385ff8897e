// What a decoder says of the next token: a row's product with a row for each token of the vocabulary, in float32
// whatever the precision of the maps. The matrix is its own, or the table of words that the decoder reads (tied).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <mutex>

#include "graft/tensor/frozen_linear.h"
#include "graft/tensor/precision.h"

namespace graft::models::decoder {

class VocabularyHead : public torch::nn::Module {
 public:
  // weight [V, D]; `own`: it is registered here (parameter "weight"). cap: logits become cap * tanh(logits / cap); 0:
  // they stay.
  VocabularyHead(at::Tensor weight, bool own, double cap, tensor::Precision precision);

  // rows [..., D] float32 -> [..., V] float32; float64 stays
  at::Tensor logits(const at::Tensor& rows) const;
  int64_t vocabulary() const { return weight_.size(0); }
  const at::Tensor& weight() const { return weight_; }

 private:
  std::shared_ptr<const tensor::FrozenLinear> packed() const;

  at::Tensor weight_;
  double cap_;
  tensor::Precision precision_;
  mutable std::mutex packing_;
  mutable std::shared_ptr<const tensor::FrozenLinear> packed_;
  mutable uint32_t version_ = 0;
};

// Of rows [N, D] (what Decoder::hidden gives) and the tokens that follow them, targets [N] int64: the sum of -log p.
// Rows whose target is negative are left out. Computed a few rows at a time: [N, V] is never held. Differentiable in
// the rows, and in the head's weight where that trains.
at::Tensor next_token_loss(const VocabularyHead& head, const at::Tensor& rows, const at::Tensor& targets);

// The same one by one, without a gradient.
struct TokenScores {
  at::Tensor log_likelihoods;  // [N] float32; 0 where the target is negative
  at::Tensor best;             // [N] int64: the likeliest token
};
TokenScores token_scores(const VocabularyHead& head, const at::Tensor& rows, const at::Tensor& targets);

}  // namespace graft::models::decoder
