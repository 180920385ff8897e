// The network of BERT (Devlin et al. 2019, arXiv:1810.04805), RoBERTa (Liu et al. 2019, arXiv:1907.11692) and
// DistilBERT (Sanh et al. 2019, arXiv:1910.01108): words, positions and types of token summed and normed, post-norm
// blocks that read both ways, and one row for the text.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graft/models/text_pooling.h"
#include "graft/models/tower.h"
#include "graft/nn/transformer.h"

namespace graft::models::bert {

struct EncoderParts {
  at::Tensor embedding;  // [V, D]
  at::Tensor positions;  // [L, D]
  at::Tensor types;      // [S, D], or undefined: the model knows none
  std::shared_ptr<nn::LayerNorm> norm_pre;
  std::shared_ptr<nn::Transformer> blocks;
  std::shared_ptr<nn::Linear> pooler;  // [D, D], or null
  std::vector<TextPooling> pooling;    // several stand side by side
  // RoBERTa counts positions from behind the padding's id, and counts no token of that id; absent: from 0.
  std::optional<int64_t> padding = {};
  int64_t context_length = 0;
  std::shared_ptr<const text::Tokenizer> tokenizer;  // null: none lay beside the weights
};

class TextEncoder final : public Tower {
 public:
  // Parameters: embedding, positions, types, norm_pre.*, blocks.K.*, pooler.*
  explicit TextEncoder(EncoderParts parts);

  nn::Tower name() const override { return nn::Tower::text; }
  int64_t width(nn::Place place) const override;
  // From ids [B, T] int64 with their padding and types.
  nn::Value run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const override;
  nn::Value kept(at::Tensor x, nn::Place place) const override;
  bool has_one_shape(nn::Place place) const override { return place >= pooled(); }
  at::Tensor rows(const nn::Value& value) const override;
  std::vector<nn::Joint*> joints() override;  // the blocks', pooler

  int64_t context_length() const override { return parts_.context_length; }
  std::shared_ptr<const text::Tokenizer> tokenizer() const override { return parts_.tokenizer; }
  at::Tensor embed_words(const at::Tensor& ids) const override;

 private:
  int64_t width() const { return parts_.embedding.size(1); }
  at::Tensor positions_of(const nn::Value& ids) const;  // [T, D] or [B, T, D]
  at::Tensor types_of(const nn::Value& ids) const;      // [D] or [B, T, D]; undefined: the model knows none
  nn::Value embed(const nn::Value& ids) const;
  at::Tensor pool(nn::Value tokens, nn::Place from, const nn::Context& context) const;

  EncoderParts parts_;
};

}  // namespace graft::models::bert
