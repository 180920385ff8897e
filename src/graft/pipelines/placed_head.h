// Where a trained head goes in a merged folder, so that the library whose names the weights have opens it with the
// run's classes: timm's `head`, the `classifier` of transformers' image classifiers.
#pragma once

#include <string>

#include "graft/engine/adapter_folder.h"
#include "graft/nn/parameters.h"
#include "graft/pipelines/merged_description.h"

namespace graft::pipelines {

struct PlacedHead {
  nn::NamedTensors tensors;     // by the library's names; none: it has no place there
  std::string prefix;           // that the names of a bare model get beside a classifier ("vit.")
  HeadDescription description;  // for config.json
  std::string text;             // where it went, or why nowhere
};
PlacedHead place_head(const methods::Adapted& adapted, const engine::AdapterInfo& info, const io::ModelFolder& base,
                      const io::Weights& weights);

}  // namespace graft::pipelines
