// Intersection over union.
#pragma once

#include <algorithm>

#include "graft/detection/set.h"

namespace graft::detection {

// Of two boxes, in double, without + 1; 0 where they do not meet.
inline double box_overlap(const Box& a, const Box& b) {
  const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  if (!(width > 0) || !(height > 0)) return 0;
  const double both = width * height;
  return both / (a.area() + b.area() - both);
}

}  // namespace graft::detection
