// OpenImages' measure (Kuznetsova et al. 2018, arXiv:1811.00982; the challenge's page and the evaluator of TensorFlow's
// object detection library): VOC 2010's average precision, the whole area below the curve, at an overlap above .5.
#pragma once

#include <cstddef>
#include <vector>

#include "graft/detection/set.h"

namespace graft::detection {

struct OpenImagesScores {
  double mean = -1;                  // over classes with objects; -1: none has any
  std::vector<double> precision;     // of each category, -1 without objects
  std::vector<std::size_t> objects;  // a group counts once
};

// In an image only classes that are known there count. From the highest score on a detection takes the object that it
// overlaps most, and is wrong where another has it. One that finds no object but lies by half of its own area or more
// in a group (group_of) is neither right nor wrong; a group with any such is found once, at the highest of their
// scores. `ancestors`: of each category, those that its boxes are also boxes of; empty: none.
OpenImagesScores evaluate_openimages(const Set& set, const Detections& detections,
                                     const std::vector<std::vector<Index>>& ancestors = {});

}  // namespace graft::detection
