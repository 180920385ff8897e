// What the tensors of a ViT do not say: heads, activation, eps, pooling, pre-processing; from the JSON beside them, or
// the habits of the layout.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graft/io/model_folder.h"
#include "graft/models/model.h"
#include "graft/models/vit/timm_architectures.h"
#include "graft/models/vit/vision_tower.h"
#include "graft/models/vit/vit_names.h"

namespace graft::models::vit {

// What the tensors do say.
struct Shape {
  int64_t width = 0, depth = 0, patch = 0, channels = 0, positions = 0, registers = 0;
  unsigned traits = 0;      // all but kPlacePatchesAlone
  bool fc_norm = false;     // the last norm is timm's fc_norm
  bool mask_token = false;  // DINOv2's

  bool has(Trait trait) const { return (traits & trait) != 0; }
  int64_t before() const { return has(kClass) + has(kDistilled) + registers; }  // tokens before the patches
};
Shape shape_of(const CheckpointReader& reader, const Names& names);

struct Settings {
  std::string layout;  // "timm", "hf", "dino", "dinov2"
  int64_t heads = 0;   // 0: not said; heads_of() makes the best of it
  int64_t depth = 0;   // 0: as many blocks as there are
  tensor::Activation activation = tensor::Activation::gelu;
  double eps = 1e-6;
  Pooling pooling = Pooling::class_token;
  bool final_norm = true;
  nn::Stretch stretch = nn::Stretch::antialiased;
  std::optional<nn::Grid> image;  // pixels that the positions were trained for
  std::optional<int64_t> placed;  // how many tokens before the patches have positions; absent: the count tells
  data::Preprocessing preprocessing;
  std::vector<Note> notes;
};

// `trained` is the image size that the positions tell, for want of better.
Settings settings_of(const io::ModelFolder& folder, const CheckpointReader& reader, const Names& names,
                     const Shape& shape, int trained);

// Of a checkpoint that says nothing of its heads: those of timm's models of this shape, else of width 64. ModelError
// where they differ, and where 64 does not divide the width.
int64_t heads_of(const Shape& shape, const std::string& checkpoint);

}  // namespace graft::models::vit
