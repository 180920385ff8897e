// What a mask's numbers are called, as a list of classes says it: one a line in the order of their numbers, or each
// with its number before it ("12 stop sign", "12: stop sign"). A numbered class that is called void, ignore, unlabelled
// or unlabeled is not counted, and neither is 255.
#pragma once

#include <string>
#include <vector>

#include "graft/data/masks.h"
#include "graft/data/problems.h"

namespace graft::data {

inline constexpr const char* kMaskClassesFile = "classes.txt";

struct MaskClasses {
  std::vector<std::string> names;
  MaskNumbers numbers;
};

// `source` is what the lines were read from. What is wrong with them goes to the problems.
MaskClasses mask_classes(const std::vector<std::string>& lines, const std::string& source, Problems& problems);

}  // namespace graft::data
