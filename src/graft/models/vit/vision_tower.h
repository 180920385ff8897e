// The image tower of ViT (Dosovitskiy et al. 2021, arXiv:2010.11929) and of what grew from it: DINO, DINOv2 with
// registers (Darcet et al. 2024, arXiv:2309.16588), CLIP with its norm before the blocks. Of a clip each frame goes
// through it as an image does; pooled is the mean over the frames.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <optional>
#include <vector>

#include "graft/data/transforms.h"
#include "graft/models/blocks.h"
#include "graft/models/tower.h"
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
  std::shared_ptr<nn::Linear> proj;     // [E, D] (CLIP's); else nullptr
  Pooling pooling = Pooling::class_token;
  int64_t width = 0;
  nn::Grid pixels;  // of an image whose last pixels, short of a whole patch, are left out; none if 0
};

class VisionTower final : public Tower {
 public:
  // Parameters: patch.*, cls, distillation, registers, positions, norm_pre.*, blocks.K.*, norm.*, proj.weight
  explicit VisionTower(VisionParts parts);

  nn::Tower name() const override { return nn::Tower::vision; }
  int64_t width(nn::Place place) const override;
  nn::Value run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const override;
  nn::Value kept(at::Tensor x, nn::Place place) const override;
  at::Tensor rows(const nn::Value& value) const override;
  std::vector<nn::Joint*> joints() override;
  at::Tensor positions_at(data::Size image) const override;
  std::optional<nn::Place> dense() const override { return 1 + blocks(); }
  // ShapeError for patches that lie in no grid that is known: another than a square or the model's own.
  at::Tensor map(const nn::Value& value, nn::Place place) const override;
  int64_t patch() const { return parts_.patch->patch(); }  // its side in pixels
  // Of tokens behind all blocks: each patch as the class token becomes the features, normed and, where there is a
  // projection, projected: [B, N, E] float32.
  at::Tensor patch_features(const nn::Value& tokens, const nn::Context& context) const;

 private:
  nn::Value embed(const nn::Value& read, const nn::Context& context) const;
  at::Tensor pool(nn::Value tokens, nn::Place from, const nn::Context& context) const;  // [B, D]
  at::Tensor normed(const at::Tensor& x) const;                                         // behind the blocks
  at::Tensor patches_of(const nn::Value& tokens) const;                                 // [B, N, D]
  at::Tensor rows_of_frames(const nn::Value& value) const;                              // [B * frames, D]
  nn::Layout layout(int64_t patches) const;                                             // where nothing was put in

  VisionParts parts_;
  nn::Joint tokens_;  // before norm_pre
};

}  // namespace graft::models
