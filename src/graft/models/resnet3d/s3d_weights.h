// S3D out of torchvision's checkpoint.
#pragma once

#include <memory>

#include "graft/io/model_folder.h"
#include "graft/io/weights.h"
#include "graft/models/model.h"

namespace graft::models::resnet3d {

std::unique_ptr<Model> load_s3d(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options);

}  // namespace graft::models::resnet3d
