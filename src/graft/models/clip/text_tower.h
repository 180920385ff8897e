// The text tower of CLIP (Radford et al. 2021, arXiv:2103.00020): words, positions, causal blocks, and the feature of
// the row of the end token. What follows that row cannot change it, so texts are as long as the longest of them, and no
// mask is needed; what they have in common at their start is computed once.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "graft/models/tower.h"
#include "graft/nn/transformer.h"

namespace graft::models {

struct TextParts {
  at::Tensor embedding;  // [V, D]
  at::Tensor positions;  // [L, D]
  std::shared_ptr<nn::Transformer> blocks;
  std::shared_ptr<nn::LayerNorm> norm;
  std::shared_ptr<nn::Linear> proj;  // [E, D]
  nn::Place place = 0;               // of its sites: what they change is beyond all of the image tower
  bool alone = false;                // without an image tower: examples are its texts, and no class prompts
  std::shared_ptr<const text::ClipTokenizer> tokenizer;  // nullptr: CLIP's own
  bool truncate = false;                                 // prompts that are too long
};

class TextTower final : public Tower {
 public:
  // Parameters: embedding, positions, blocks.K.*, norm.*, proj.*
  explicit TextTower(TextParts parts);

  nn::Tower name() const override { return nn::Tower::text; }
  int64_t width(nn::Place place) const override;
  // From ids [B, T] int64, whose last present row is the end token's; from later places likewise.
  nn::Value run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const override;
  nn::Value kept(at::Tensor x, nn::Place place) const override;
  bool has_one_shape(nn::Place place) const override { return place >= pooled(); }
  at::Tensor rows(const nn::Value& value) const override;
  std::vector<nn::Joint*> joints() override;  // words, the blocks', proj

  int64_t context_length() const override { return parts_.positions.size(0); }
  std::shared_ptr<const text::Tokenizer> tokenizer() const override;
  at::Tensor embed_words(const at::Tensor& ids) const override;
  TextReader text_reader() const override;
  int64_t vocabulary() const { return parts_.embedding.size(0); }

 private:
  at::Tensor up_to_end(const at::Tensor& ids) const;
  nn::Value tokens_of(const nn::Value& ids, const nn::Context& context) const;
  at::Tensor encode_together(const nn::Value& ids, const at::Tensor& x, int64_t common,
                             const nn::Context& context) const;
  // Rows that are the same in every text of a batch of ids, and stay so in training.
  int64_t common_start(const nn::Value& ids, const at::Tensor& learned) const;

  TextParts parts_;
  nn::Joint words_;
};

}  // namespace graft::models
