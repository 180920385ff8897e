// What the layouts of TimeSformer checkpoints call things.
#pragma once

#include <optional>
#include <string>

#include "graft/io/weights.h"
#include "graft/models/blocks.h"

namespace graft::models::timesformer {

struct Names {
  const char* layout;  // "hf"; "timesformer": its authors' code
  const char* cls;
  const char* positions;
  const char* time;
  const char* patch;  // a convolution, with .weight and .bias
  const char* norm;
  const char* blocks;
  BlockNames block;
  BlockNames temporal;  // norm1, the attention; of space alone and joint there is none
  const char* temporal_fc;
};

struct Found {
  const Names* names;
  std::string prefix;  // "timesformer."
};

// The layout of these tensors, if it is one of a TimeSformer. In its authors' code one of space alone has a ViT's, and
// is one.
std::optional<Found> find_names(const io::Weights& weights);

// Those of its authors' code.
const Names& own_names();

}  // namespace graft::models::timesformer
