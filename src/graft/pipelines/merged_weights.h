// The checkpoint of a merged model: every tensor of the base under its own name and in its own type, those that the
// adaptation changed with their new numbers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "graft/pipelines/placed_head.h"

namespace graft::pipelines {

struct WrittenWeights {
  int64_t changed = 0;  // tensors
  std::string rounded;  // the type below float32 that changed numbers were rounded to; empty: none was
};
// `base` holds the tensors that `model` was read from; an `inflated` one has others beside them.
WrittenWeights write_merged_weights(const std::filesystem::path& file, const io::Weights& base,
                                    const models::Model& model, const PlacedHead& head, bool inflated);

}  // namespace graft::pipelines
