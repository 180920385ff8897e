// DeepLabv3 (Chen et al. 2017, arXiv:1706.05587) on ResNets, in torchvision's form and names.
#pragma once

#include <memory>

#include "graft/models/model.h"

namespace graft::models::deeplab {

extern const Family family;

// A ResNet's checkpoint with a new context module behind it (--decoder deeplabv3).
std::unique_ptr<Model> behind_resnet(const io::ModelFolder& folder, const io::Weights& weights,
                                     const LoadOptions& options);

}  // namespace graft::models::deeplab
