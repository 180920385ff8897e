// What the layouts of CLIP checkpoints call things.
#pragma once

#include "graft/io/weights.h"
#include "graft/models/blocks.h"

namespace graft::models::clip {

struct TowerNames {
  const char* positions;
  const char* blocks;
  const char* norm;
  const char* proj;
};

struct Names {
  const char* layout;
  const char* cls;
  const char* patch;
  const char* norm_pre;
  TowerNames vision;
  const char* words;
  TowerNames text;
  BlockNames block;
  bool proj_is_linear;  // [E, D] of a module with a weight; else a parameter [D, E] that multiplies from the right
};

// The layout of these tensors; nullptr if it is none of a CLIP.
const Names* find_names(const io::Weights& weights);

}  // namespace graft::models::clip
