// What the tensors of a TimeSformer do not say: heads, eps, frames, how photos are prepared; from the JSON beside them,
// or its authors' habits.
#pragma once

#include <string>
#include <vector>

#include "graft/io/model_folder.h"
#include "graft/models/model.h"
#include "graft/models/timesformer/timesformer_names.h"
#include "graft/models/timesformer/timesformer_tower.h"

namespace graft::models::timesformer {

// What the tensors do say.
struct Shape {
  int64_t width = 0, depth = 0, patch = 0, positions = 0;
  int64_t frames = 0;  // rows of the time embedding; 0: there is none
  bool divided = false, qkv_bias = false;
};
Shape shape_of(const CheckpointReader& reader, const Names& names);

struct Settings {
  std::string layout;
  SpaceTime attention = SpaceTime::divided;
  int64_t heads = 0, depth = 0, frames = 0;
  tensor::Activation activation = tensor::Activation::gelu;
  double eps = 1e-6;
  nn::Grid grid;                               // of positions
  nn::Stretch stretch = nn::Stretch::bicubic;  // of a ViT's, to the photos that a TimeSformer is made for
  data::Preprocessing preprocessing;
  std::vector<Note> notes;
};

Settings settings_of(const io::ModelFolder& folder, const CheckpointReader& reader, const Names& names,
                     const Shape& shape, const Told& told);

// Of a ViT that is made a TimeSformer of `frames`, as its own files say. ModelError for one whose features are not its
// class token's, or whose blocks have what a TimeSformer's have not.
Settings settings_of_vit(const io::ModelFolder& folder, const io::Weights& weights, const Told& told, int64_t frames);

}  // namespace graft::models::timesformer
