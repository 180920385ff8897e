#include "graft/models/vit/vit.h"

#include <torch/types.h>

#include "graft/core/error.h"

namespace graft::models::vit {

Vit::Vit(std::shared_ptr<VisionTower> vision, ModelInfo info, tensor::Precision precision, std::vector<Origin> origins)
    : vision_(std::move(vision)) {
  register_module("vision", vision_);
  complete(std::move(info), precision, std::move(origins));
}

nn::Place Vit::place_of(const std::string& name) const {
  GRAFT_ASSERT(name.starts_with("vision."));
  return vision_->place_of(name.substr(7));
}

}  // namespace graft::models::vit
