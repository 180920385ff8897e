// Which detections found an object, in one image and class: greedily from the highest score on (COCO's rule, Lin et al.
// 2014, as pycocotools has it).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graft/detection/overlap.h"

namespace graft::detection {

// Of one detection and one slice: bit t speaks of threshold t. Neither: a mistake.
struct Found {
  std::uint16_t matched = 0, ignored = 0;
};

class Matcher {
 public:
  explicit Matcher(const EvaluationRules& rules);

  // At one threshold each detection takes, of the objects it overlaps enough and nobody has, the one it overlaps most
  // (of equal ones the last), ignored objects only where no other will do. `in_slice` says which objects count.
  // `never_found`: of objects whose finder counts as wrong (pycocotools' id 0). One Found a detection; and which object
  // was taken at threshold `told`, kNone where none, if asked.
  void match(const Overlaps& overlaps, std::span<const char> in_slice, std::span<const char> never_found,
             std::vector<Found>& found, std::vector<Index>* taken_at_first = nullptr);

 private:
  std::vector<double> thresholds_;
  std::vector<std::uint16_t> taken_;
};

}  // namespace graft::detection
