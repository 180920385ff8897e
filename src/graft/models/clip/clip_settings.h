// What the tensors of a CLIP do not say: heads, activations, eps, pooling, pre-processing; from the JSON beside them,
// or the habits of the layout. Whether its texts can be read is told too.
#pragma once

#include <string>
#include <vector>

#include "graft/io/model_folder.h"
#include "graft/models/clip/clip_names.h"
#include "graft/models/model.h"
#include "graft/models/vit/vision_tower.h"

namespace graft::models::clip {

// The sizes that OpenAI's archives hold beside the weights.
inline constexpr const char* kOpenAiBuffers[] = {"input_resolution", "context_length", "vocab_size"};

struct Settings {
  std::string layout;
  TowerReading vision{.heads = 0, .activation = tensor::Activation::quick_gelu, .eps = 1e-5};  // heads 0: each is 64
  TowerReading text = vision;
  int64_t vision_depth = 0, text_depth = 0;  // 0: as many blocks as there are
  Pooling pooling = Pooling::class_token;
  data::Preprocessing preprocessing;
  std::string no_text;  // why its texts cannot be read; empty: they can
  std::vector<Note> notes;
};

Settings settings_of(const io::ModelFolder& folder, const CheckpointReader& reader, const Names& names, int image_size,
                     const Told& told);

}  // namespace graft::models::clip
