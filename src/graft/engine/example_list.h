// Examples without regard to their labels: the photos, texts or clips that a model can read of what is given.
#pragma once

#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/dataset.h"
#include "graft/engine/options.h"
#include "graft/engine/photo_list.h"
#include "graft/models/model.h"

namespace graft::engine {

struct ExampleList {
  data::Dataset dataset;  // what models::source_of() asks: what is read, and its name
  std::vector<data::Sample> samples;
  PhotoList photos = {};  // where they are photos
};

// A split of a data set, or with no split named all that is there; says how many. Photos that cannot be read are left
// out here where the options say so.
ExampleList list_examples(const models::Model& model, const DataOptions& options, const std::string& split,
                          data::ImageCache& images, Reporter& report);

}  // namespace graft::engine
