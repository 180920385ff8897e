// Captions that a random change of their photos makes false: colours where colours change, sides where photos are
// turned over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/dataset.h"
#include "graft/data/transforms.h"

namespace graft::engine {

struct CaptionFindings {
  int64_t colours = 0, sides = 0;  // captions that name one
  std::string colour, side;        // the first such word ...
  std::string of_colour, of_side;  // ... and its caption
};
// English words: names of colours, and left and right.
CaptionFindings findings_of(const std::vector<data::Sample>& pairs);

// Warns where the augmentation changes what captions say; `name` is the option's value.
void warn_of_captions(const std::vector<data::Sample>& pairs, const data::Augmentation& augmentation,
                      const std::string& name, Reporter& report);

}  // namespace graft::engine
