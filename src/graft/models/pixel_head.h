// A class for each place of a map of features: a linear map of each patch of a ViT, or of each column of a network's
// maps (a 1 x 1 convolution), as DINO's and DINOv2's linear segmentation has it (Oquab et al. 2023, arXiv:2304.07193,
// without their batch norm before it). The logits stand in the map's grid; whoever compares them with a mask stretches
// them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "graft/core/random.h"
#include "graft/models/head.h"

namespace graft::models {

class PixelHead final : public Head {
 public:
  // `place`: of the tower, whose maps are `features` wide.
  PixelHead(nn::Place place, int64_t features, int64_t outputs, HeadInit init, Random& random);
  HeadKind kind() const override { return HeadKind::linear; }
  bool reads_rows() const override { return false; }
  std::optional<nn::Place> map_at() const override { return place_; }
  at::Tensor weight, bias;  // [C, E], [C]; both train

 protected:
  at::Tensor frozen(const at::Tensor& features, nn::Context& context) const override;  // [B, E, h, w] -> [B, C, h, w]

 private:
  nn::Place place_;
};

}  // namespace graft::models
