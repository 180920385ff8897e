// How much AP hangs on labels that nobody gave: detections of classes that are unknown in their image may each be right
// or wrong. The bounds hold if no object is there but those that are labelled and those that the detector tells of.
#pragma once

#include <cstddef>
#include <vector>

#include "graft/detection/evaluation.h"

namespace graft::detection {

struct UnknownBounds {
  double low = -1, high = -1;  // of AP50: all ways to answer are between (in a class of more than 64 detections that
                               // nobody can judge, of 65 evenly placed numbers of right ones)
  std::size_t detections = 0;  // that nobody can judge
  std::size_t pairs = 0;       // of an image and a class that they lie in
  struct ToCheck {
    Index image = 0;
    std::vector<Index> classes;  // to be looked for
    double share = 0;            // of the width of the bounds that hangs on this image
  };
  std::vector<ToCheck> images;  // those that matter most, first
};

// Of a federated evaluation of `detections` that kept its outcomes. At most `most` images are named.
UnknownBounds unknown_bounds(const Set& set, const Detections& detections, const Evaluation& evaluation,
                             std::size_t most = 10);

}  // namespace graft::detection
