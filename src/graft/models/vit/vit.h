// Image towers without a text tower: ViT (Dosovitskiy et al. 2021, arXiv:2010.11929), DINO (Caron et al. 2021,
// arXiv:2104.14294) and DINOv2 (Oquab et al. 2024, arXiv:2304.07193) with or without registers. SwiGLU blocks and
// relative positions are left out.
#pragma once

#include <memory>

#include "graft/models/model.h"
#include "graft/models/vit/vision_tower.h"

namespace graft::models::vit {

class Vit final : public Model {
 public:
  // Parameters: vision.*
  Vit(std::shared_ptr<VisionTower> vision, ModelInfo info, tensor::Precision precision, std::vector<Origin> origins);

  std::vector<nn::Joint*> joints() override { return vision_->joints(); }

  int64_t blocks() const override { return vision_->blocks(); }
  nn::Place pooled() const override { return vision_->pooled(); }
  nn::Place projected() const override { return pooled(); }
  int64_t feature_width(nn::Place) const override { return vision_->width(); }
  at::Tensor run_images(const at::Tensor& value, nn::Place from, nn::Place to, nn::Context& context) override {
    return vision_->run(value, from, to, context);
  }
  at::Tensor feature_rows(const at::Tensor& value, const nn::Layout& layout) const override {
    return vision_->feature_rows(value, layout);
  }
  at::Tensor positions_at(data::Size image) const override { return vision_->positions_at(image); }
  nn::Place place_of(const std::string& name) const override;

 private:
  std::shared_ptr<VisionTower> vision_;
};

}  // namespace graft::models::vit
