// What two sets say of the images that both have: boxes that both drew, and what each calls them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "graft/detection/photo_identity.h"
#include "graft/detection/set.h"

namespace graft::detection {

struct Agreement {
  std::size_t images = 0;             // in both
  std::size_t first = 0, second = 0;  // boxes there
  std::size_t both = 0;               // drawn by both: IoU at least 0.5, the nearest first
  std::size_t same = 0;               // of these, called the same (names in one form)
  struct Names {
    std::string first, second;
    std::size_t boxes = 0;
  };
  std::vector<Names> names;  // of boxes that both drew, the most frequent first, at most 50
};

// Images are the same by content where photos' folders are given, by URL, or, where neither is known, by file name.
Agreement agreement_of(const MarkedSet& one_set, const MarkedSet& other_set);

}  // namespace graft::detection
