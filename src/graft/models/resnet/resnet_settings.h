// What the tensors of a ResNet do not say: the architecture's name and how photos are prepared; from timm's config.json
// beside them, or the habits of torchvision.
#pragma once

#include <string>
#include <vector>

#include "graft/io/model_folder.h"
#include "graft/models/model.h"
#include "graft/models/resnet/resnet_shape.h"

namespace graft::models::resnet {

struct Settings {
  std::string layout;  // "timm", "torchvision", "cifar"
  data::Preprocessing preprocessing;
  std::vector<Note> notes;
};

// ModelError for an architecture of another function, for what is not understood, and where the tensors are of another.
Settings settings_of(const io::ModelFolder& folder, const Shape& shape, const Told& told);

}  // namespace graft::models::resnet
