// What the tensors of a CLIP do not say: heads, activations, eps, pre-processing; from the JSON beside them, or the
// habits of the layout.
#pragma once

#include <string>
#include <vector>

#include "graft/io/model_folder.h"
#include "graft/models/clip/clip_names.h"
#include "graft/models/model.h"

namespace graft::models::clip {

// The sizes that OpenAI's archives hold beside the weights.
inline constexpr const char* kOpenAiBuffers[] = {"input_resolution", "context_length", "vocab_size"};

struct Settings {
  std::string layout;
  int64_t vision_heads = 0, text_heads = 0;  // 0: a head is 64 wide
  int64_t vision_depth = 0, text_depth = 0;  // 0: as many blocks as there are
  tensor::Activation vision_activation = tensor::Activation::quick_gelu;
  tensor::Activation text_activation = tensor::Activation::quick_gelu;
  double vision_eps = 1e-5, text_eps = 1e-5;
  data::Preprocessing preprocessing;
  std::vector<Note> notes;
};

Settings settings_of(const io::ModelFolder& folder, const CheckpointReader& reader, const Names& names, int image_size);

}  // namespace graft::models::clip
