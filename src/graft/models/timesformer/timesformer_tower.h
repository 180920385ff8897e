// TimeSformer (Bertasius et al. 2021, arXiv:2102.05095): a ViT of clips. Attention is divided over time and space,
// joint, or over space alone; then each frame goes through by itself and the class tokens are averaged before the last
// norm.
//
// A value between the pixels and `pooled` is [B, 1 + N * T, D]: the class token, then the patches, each with its T
// frames one after another; of space alone [B * T, 1 + N, D], clip after clip. `pooled` is the normed class token, [B,
// D].
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "graft/models/timesformer/divided_block.h"
#include "graft/models/tower.h"
#include "graft/nn/patch_embedding.h"
#include "graft/nn/positions.h"
#include "graft/nn/transformer.h"

namespace graft::models {

enum class SpaceTime { divided, joint, space };

struct TimesformerParts {
  SpaceTime attention = SpaceTime::divided;
  std::shared_ptr<nn::PatchEmbedding> patch;
  at::Tensor cls;           // [D]
  nn::Positions positions;  // of the class token and a frame's patches
  at::Tensor time;          // [T, D] of the frames; undefined for space alone
  std::vector<std::shared_ptr<DividedBlock>> divided;
  std::shared_ptr<nn::Transformer> blocks;  // where attention is not divided
  std::shared_ptr<nn::LayerNorm> norm;
  int64_t width = 0;
  int64_t frames = 0;

  int64_t depth() const { return blocks ? blocks->size() : static_cast<int64_t>(divided.size()); }
};

class TimesformerTower final : public Tower {
 public:
  // Parameters: patch.*, cls, positions, time, blocks.K.*, norm.*
  explicit TimesformerTower(TimesformerParts parts);

  nn::Tower name() const override { return nn::Tower::vision; }
  int64_t frames() const override { return parts_.frames; }
  int64_t width(nn::Place) const override { return parts_.width; }
  nn::Value run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const override;
  nn::Value kept(at::Tensor x, nn::Place place) const override;
  // Tokens of single frames are not kept: a row of what is kept is a clip.
  bool has_one_shape(nn::Place place) const override {
    return parts_.attention != SpaceTime::space || place == 0 || place >= pooled();
  }
  at::Tensor rows(const nn::Value& value) const override;
  std::vector<nn::Joint*> joints() override;
  at::Tensor positions_at(data::Size image) const override;

 private:
  nn::Value embed(const nn::Value& pixels, const nn::Context& context) const;
  nn::Layout layout(int64_t tokens) const;

  TimesformerParts parts_;
};

}  // namespace graft::models
