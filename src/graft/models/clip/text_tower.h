// The text tower of CLIP (Radford et al. 2021, arXiv:2103.00020): words, positions, causal blocks, and the feature of
// the row of the end token. What follows that row cannot change it, so prompts are as long as the longest of them; what
// they have in common at their start is computed once.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "graft/models/model.h"
#include "graft/nn/transformer.h"

namespace graft::models {

struct TextParts {
  at::Tensor embedding;  // [V, D]
  at::Tensor positions;  // [L, D]
  std::shared_ptr<nn::Transformer> blocks;
  std::shared_ptr<nn::LayerNorm> norm;
  std::shared_ptr<nn::Linear> proj;  // [E, D]
  nn::Place place = 0;               // of its sites: what they change is beyond all of the image tower
};

class TextTower : public torch::nn::Module {
 public:
  // Parameters: embedding, positions, blocks.K.*, norm.*, proj.*
  explicit TextTower(TextParts parts);

  at::Tensor encode(const Prompts& prompts, const nn::Context& context);  // [C, E]
  at::Tensor embed(const at::Tensor& ids) const;                          // [...] -> [..., D]

  int64_t width() const { return parts_.embedding.size(1); }
  int64_t context_length() const { return parts_.positions.size(0); }
  int64_t vocabulary() const { return parts_.embedding.size(0); }
  std::vector<nn::Joint*> joints();  // words, the blocks', proj

 private:
  int64_t common_start(
      const Prompts& prompts) const;  // rows that are the same in every prompt, and stay so in training

  TextParts parts_;
  nn::Joint words_;
};

}  // namespace graft::models
