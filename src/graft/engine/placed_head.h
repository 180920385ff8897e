// Where a trained head goes in a merged folder, so that the library whose names the weights have opens it with the
// run's classes: timm's `head`, the `classifier` of transformers' image classifiers.
#pragma once

#include <string>

#include "graft/engine/adapter_folder.h"
#include "graft/engine/merged_description.h"
#include "graft/engine/parameters.h"

namespace graft::engine {

struct PlacedHead {
  NamedTensors tensors;         // by the library's names; none: it has no place there
  std::string prefix;           // that the names of a bare model get beside a classifier ("vit.")
  HeadDescription description;  // for config.json
  std::string text;             // where it went, or why nowhere
};
PlacedHead place_head(const Adapted& adapted, const AdapterInfo& info, const io::ModelFolder& base,
                      const io::Weights& weights);

}  // namespace graft::engine
