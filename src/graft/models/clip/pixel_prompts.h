// Classes of pixels by their names (LSeg, Li et al. 2022, arXiv:2201.03546): a linear map brings each patch of an image
// tower to the width of the texts, and its logits are scaled cosines with the class prompts, which stay as they are.
// What is learned is bound to no list of classes, so that others can be asked for by name.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "graft/core/random.h"
#include "graft/models/head.h"

namespace graft::models {

class PixelPrompts final : public Head {
 public:
  // `place`: of the tower, whose maps are `features` wide. prompts: class prompts, `texts` wide.
  PixelPrompts(nn::Place place, int64_t features, std::shared_ptr<Head> prompts, int64_t texts, Random& random);
  HeadKind kind() const override { return HeadKind::prompts; }
  bool reads_rows() const override { return false; }
  std::optional<nn::Place> map_at() const override { return place_; }
  at::Tensor class_weights(nn::Context& context) const override { return prompts_->class_weights(context); }  // [C, T]
  double scale() const override { return prompts_->scale(); }
  void forget() override { prompts_->forget(); }
  at::Tensor projection;  // [T, E], trains

 protected:
  at::Tensor frozen(const at::Tensor& features, nn::Context& context) const override;  // [B, E, h, w] -> [B, C, h, w]

 private:
  nn::Place place_;
  std::shared_ptr<Head> prompts_;  // of the model's text tower: nothing of its own trains
};

}  // namespace graft::models
