// What the tensors of a ViT do not say: heads, activation, eps, pooling, pre-processing; from the JSON beside them, or
// the habits of the layout.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graft/io/model_folder.h"
#include "graft/models/model.h"
#include "graft/models/vit/vision_tower.h"
#include "graft/models/vit/vit_names.h"

namespace graft::models::vit {

struct Settings {
  std::string layout;  // "timm", "hf", "dino", "dinov2"
  int64_t heads = 0;   // 0: a head is 64 wide
  int64_t depth = 0;   // 0: as many blocks as there are
  tensor::Activation activation = tensor::Activation::gelu;
  double eps = 1e-6;
  Pooling pooling = Pooling::class_token;
  nn::Stretch stretch = nn::Stretch::antialiased;
  std::optional<nn::Grid> image;  // pixels that the positions were trained for
  data::Preprocessing preprocessing;
  std::vector<Note> notes;
};

// `trained` is the image size that the positions tell, for want of better.
Settings settings_of(const io::ModelFolder& folder, const CheckpointReader& reader, const Names& names, int trained);

}  // namespace graft::models::vit
