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
  class_and_distillation,  // their mean, behind the last norm (DeiT, Touvron et al. 2021, arXiv:2012.12877)
  patch_mean,              // of the patches alone, before the last norm (timm's fc_norm)
  normed_patch_mean,       // the same behind the last norm
};

struct VisionParts {
  std::shared_ptr<nn::PatchEmbedding> patch;
  at::Tensor cls;           // [D], or undefined
  at::Tensor distillation;  // [D], or undefined
  at::Tensor registers;     // [R, D], or undefined
  nn::Positions positions;
  std::shared_ptr<nn::LayerNorm> norm_pre;  // CLIP's; else nullptr
  std::shared_ptr<nn::Transformer> blocks;
  std::shared_ptr<nn::LayerNorm> norm;  // or nullptr
  Pooling pooling = Pooling::class_token;
  int64_t width = 0;
  nn::Grid pixels;  // of an image whose last pixels, short of a whole patch, are left out; none if 0
};

class VisionTower : public torch::nn::Module {
 public:
  // Parameters: patch.*, cls, distillation, registers, positions, norm_pre.*, blocks.K.*, norm.*
  explicit VisionTower(VisionParts parts);

  // A value of one place to another, of 0 pixels [B, 3, H, W], 1 + k tokens [B, T, D], pooled() [B, D].
  at::Tensor run(const at::Tensor& value, nn::Place from, nn::Place to, nn::Context& context);

  // What is pooled of a value, before any norm: [B, D] as it is; of tokens the class token's row, or the patches' mean.
  at::Tensor feature_rows(const at::Tensor& value, const nn::Layout& tokens) const;

  int64_t blocks() const { return parts_.blocks->size(); }
  nn::Place pooled() const { return 2 + blocks(); }
  int64_t width() const { return parts_.width; }
  std::vector<nn::Joint*> joints();
  at::Tensor positions_at(data::Size image) const;    // [rows, D], stretched to it
  nn::Place place_of(const std::string& name) const;  // of a parameter, by its name below the tower

 private:
  at::Tensor embed(const at::Tensor& images, nn::Context& context);                 // [B, T, D]
  at::Tensor pool(const at::Tensor& tokens, nn::Place from, nn::Context& context);  // [B, D]
  nn::Layout layout(int64_t patches, int64_t frames) const;
  at::Tensor normed(const at::Tensor& x) const;  // behind the blocks

  VisionParts parts_;
  nn::Joint tokens_;  // before norm_pre
};

}  // namespace graft::models
