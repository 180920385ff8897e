// A few photos of a run on masks, with what it tells of their pixels and the truth: for its report.
#pragma once

#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/masks.h"

namespace graft::engine {
class PreparedRun;
}

namespace graft::pipelines {

struct ShownMask {
  std::string file;        // as the data names the photo
  data::Mask told, truth;  // as large as the photo, places in the run's classes
};

// Spread over the validation split, or the test split where that is empty. Of a run on something else there is none.
std::vector<ShownMask> show_masks(engine::PreparedRun& run, Reporter& report);

}  // namespace graft::pipelines
