#include "graft/models/resnet3d/video_names.h"

#include <string>

namespace graft::models::resnet3d {

Kind kind_of(const io::Weights& weights) {
  const auto over_time = [&](const std::string& name) {
    const auto* view = weights.find(name);
    return view && view->shape.size() == 5;
  };
  const auto& tensors = weights.tensors();
  // Norms tell the rest: whoever looks for a model below some prefix shows one convolution at a time (unwrap.cpp).
  if (over_time("stem.0.weight") && tensors.contains("layer1.0.conv1.0.1.weight")) return Kind::split;
  if (over_time("stem.0.weight") && tensors.contains("layer1.0.conv1.1.weight")) return Kind::residual;
  return over_time("features.0.0.0.weight") && tensors.contains("features.5.branch0.1.weight") ? Kind::s3d : Kind::none;
}

}  // namespace graft::models::resnet3d
