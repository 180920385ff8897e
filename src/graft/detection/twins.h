// Photos that are there twice, in one set or in several.
#pragma once

#include <vector>

#include "graft/detection/photo_identity.h"
#include "graft/detection/set.h"

namespace graft::detection {

struct Twin {
  struct Place {
    std::size_t set = 0, image = 0;
  };
  Place first, second;  // in the order of the sets and their images
  SamePhoto::By by = SamePhoto::By::content;
};

// Each image that is one of an earlier one, with the first such.
std::vector<Twin> find_twins(const std::vector<MarkedSet>& sets);

}  // namespace graft::detection
