// S3D (Xie et al. 2018, arXiv:1712.04851): Inception blocks of convolutions over space, then over time. Its blocks are
// the nine of Inception; the pools between them belong to the block behind. `pooled` is torchvision's: means of windows
// of two frames and 7 x 7, and the mean of these, which counts the first and the last frame once and the others twice.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "graft/models/convolutions.h"
#include "graft/models/tower.h"

namespace graft::models {

class InceptionBlock final : public torch::nn::Module {
 public:
  // Parameters: branchK.convI.weight, branchK.normI.*. The fourth branch reads the maximum of 3 x 3 x 3 neighbours.
  InceptionBlock(std::optional<nn::MaxPool> before, std::array<std::shared_ptr<ConvolutionPath>, 4> branches);

  // [B, C, T, H, W] -> the branches' channels side by side
  at::Tensor forward(const at::Tensor& x, const nn::Context& context) const;
  int64_t outputs() const;

 private:
  std::optional<nn::MaxPool> before_;
  std::array<std::shared_ptr<ConvolutionPath>, 4> branches_;
};

class S3dTower final : public Tower {
 public:
  static constexpr int64_t kLeastFrames = 14;  // as torchvision says
  static constexpr int64_t kLeastSide = 209;   // of which the 7 pixels of a window are left

  // Parameters: stem.0.*, stem.1.*, stem.2.* (paths with a pool behind, or none), blocks.K.*
  S3dTower(std::vector<std::shared_ptr<ConvolutionPath>> stem, std::vector<std::shared_ptr<InceptionBlock>> blocks);

  nn::Tower name() const override { return nn::Tower::vision; }
  int64_t width(nn::Place place) const override;
  nn::Value run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const override;
  nn::Value kept(at::Tensor x, nn::Place) const override { return {std::move(x)}; }
  bool has_one_shape(nn::Place place) const override { return place == 0 || place >= pooled(); }
  at::Tensor rows(const nn::Value& value) const override { return mean_of_maps(value); }
  std::vector<nn::Joint*> joints() override { return {}; }

 private:
  std::vector<std::shared_ptr<ConvolutionPath>> stem_;
  std::vector<std::shared_ptr<InceptionBlock>> blocks_;
};

}  // namespace graft::models
