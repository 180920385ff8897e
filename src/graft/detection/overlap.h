// How much detections and objects of one image and class cover each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "graft/detection/evaluation_pairs.h"
#include "graft/detection/evaluation_rules.h"
#include "graft/detection/set.h"

namespace graft::detection {

// Intersection over union, or over `own` area where the other is a crowd. In double and in maskApi's order of
// operations; 0 where they only touch.
double box_overlap(const Box& own, const Box& other, bool crowd);

// Of a pair: which objects each detection overlaps by at least the asked share, in the objects' order.
struct Overlaps {
  struct Candidate {
    std::uint32_t object = 0;  // place in the pair's annotations
    double overlap = 0;
  };
  std::vector<Candidate> candidates;
  std::vector<std::size_t> begin;  // of each detection, and the end
  std::vector<double> areas;       // of each detection, as the metric takes them
  std::vector<char> ignored;       // of each object: crowds, and people without a visible point
  std::vector<char> crowd;
};

class Overlap {
 public:
  virtual ~Overlap() = default;
  virtual void of(const EvaluationPairs::Pair& pair, double at_least, Overlaps& overlaps) = 0;
};
// One for each thread. DataError where an object's mask or points are missing or not of a known form.
std::unique_ptr<Overlap> make_overlap(const Set& set, const Detections& detections, const EvaluationRules& rules);

}  // namespace graft::detection
