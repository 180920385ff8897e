// A network of residual blocks of convolutions (He et al. 2016, arXiv:1512.03385), over photos or over clips. Over
// photos each block is a site, and so is its path, whose output is the change that will be added; convolutions are
// sites where they were read as such.
//
// A value between the pixels and `pooled` is maps, channels last: of photos [B * T, H, W, C], each frame of a clip by
// itself; of a network over time [B, T', H, W, C], a row an example. `pooled` is [B, C], their mean over space and
// time.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <optional>
#include <vector>

#include "graft/models/convolutions.h"
#include "graft/models/map_block.h"
#include "graft/models/tower.h"

namespace graft::models {

struct ResidualParts {
  std::optional<nn::MaxPool> pool;      // before it all
  std::vector<NormedConvolution> path;  // each but the last with a ReLU behind it
  std::optional<NormedConvolution> shortcut;
  // Without one: every so-manieth pixel, and channels of zeros around those that there are (the paper's option A).
  int64_t bare_stride = 1;
};

class ResidualBlock final : public MapBlock {
 public:
  // Parameters: convK.weight, normK.* from K = 1, shortcut.weight, shortcut_norm.*
  explicit ResidualBlock(ResidualParts parts, nn::Site whole = {}, nn::Site path = {});

  // [B, C, H, W] or [B, C, T, H, W] -> relu(path(x) + shortcut(x))
  at::Tensor forward(const at::Tensor& x, const nn::Context& context) const;
  void forward(nn::Stream& stream, const nn::Context& context) const override;
  std::vector<nn::Joint*> joints() override;
  int64_t outputs() const override { return parts_.path.back().convolution->outputs(); }

 private:
  at::Tensor frozen(const at::Tensor& x, const nn::Context& context) const;
  at::Tensor path(const at::Tensor& x, const nn::Context& context) const;
  at::Tensor beside(const at::Tensor& x, const nn::Context& context) const;

  ResidualParts parts_;
  nn::Joint whole_joint_, path_joint_;
};

class ResidualTower final : public Tower {
 public:
  // Parameters: stem.*, blocks.K.*. `over_time`: convolutions have an extent in time; a clip then has `least_frames` or
  // more, so that something is left behind all strides.
  ResidualTower(std::shared_ptr<ConvolutionPath> stem, std::vector<std::shared_ptr<MapBlock>> blocks, bool over_time,
                int64_t least_frames = 1);

  nn::Tower name() const override { return nn::Tower::vision; }
  int64_t width(nn::Place place) const override;
  nn::Value run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const override;
  nn::Value kept(at::Tensor x, nn::Place) const override { return {std::move(x)}; }
  // Maps are many times as large as what they are computed from: they are computed again and not kept.
  bool has_one_shape(nn::Place place) const override { return place == 0 || place >= pooled(); }
  at::Tensor rows(const nn::Value& value) const override;
  std::optional<nn::Place> dense() const override {
    return over_time_ ? std::nullopt : std::optional<nn::Place>(1 + blocks());
  }
  at::Tensor map(const nn::Value& value, nn::Place) const override { return value.x.permute({0, 3, 1, 2}); }
  // Of the stem its convolution; of each block its convolutions, the shortcut, its path, the whole. Over time the
  // convolutions alone.
  std::vector<nn::Joint*> joints() override;

 private:
  std::shared_ptr<ConvolutionPath> stem_;
  std::vector<std::shared_ptr<MapBlock>> blocks_;
  bool over_time_;
  int64_t least_frames_;
};

}  // namespace graft::models
