// The image tower of ViT (Dosovitskiy et al. 2021, arXiv:2010.11929) and of what grew from it: DINO, DINOv2 with
// registers (Darcet et al. 2024, arXiv:2309.16588), CLIP with its norm before the blocks.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "graft/data/transforms.h"
#include "graft/models/blocks.h"
#include "graft/nn/patch_embedding.h"
#include "graft/nn/positions.h"
#include "graft/nn/transformer.h"

namespace graft::models {

enum class Pooling {
  class_token,
  patch_mean,         // of the patches alone, before the last norm (timm's fc_norm)
  normed_patch_mean,  // the same behind the last norm
};

struct VisionParts {
  std::shared_ptr<nn::PatchEmbedding> patch;
  at::Tensor cls;        // [D], or undefined
  at::Tensor registers;  // [R, D], or undefined
  nn::Positions positions;
  std::shared_ptr<nn::LayerNorm> norm_pre;  // CLIP's; else nullptr
  std::shared_ptr<nn::Transformer> blocks;
  std::shared_ptr<nn::LayerNorm> norm;
  Pooling pooling = Pooling::class_token;
  int64_t width = 0;
};

class VisionTower : public torch::nn::Module {
 public:
  // Parameters: patch.*, cls, registers, positions, norm_pre.*, blocks.K.*, norm.*
  explicit VisionTower(VisionParts parts);

  // A value of one place to another, of 0 pixels [B, 3, H, W], 1 + k tokens [B, T, D], pooled() [B, D].
  at::Tensor run(const at::Tensor& value, nn::Place from, nn::Place to, nn::Context& context);

  int64_t blocks() const { return parts_.blocks->size(); }
  nn::Place pooled() const { return 2 + blocks(); }
  int64_t width() const { return parts_.width; }
  std::vector<nn::Joint*> joints();
  at::Tensor positions_at(data::Size image) const;     // [rows, D], stretched to it
  nn::Place place_of(const std::string& name) const;  // of a parameter, by its name below the tower

 private:
  at::Tensor embed(const at::Tensor& images, nn::Context& context);                 // [B, T, D]
  at::Tensor pool(const at::Tensor& tokens, nn::Place from, nn::Context& context);  // [B, D]
  nn::Layout layout(int64_t patches, int64_t frames) const;

  VisionParts parts_;
  at::Tensor positions_;
  nn::Joint tokens_;  // before norm_pre
};

}  // namespace graft::models
