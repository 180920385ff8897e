// What a detector's answers are worth: average precision and recall by COCO's and LVIS's rules, to the last bit of
// pycocotools and lvis-api. Memory is that of the set, of one class's detections a thread, and of the curves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "graft/detection/evaluation_rules.h"
#include "graft/detection/matching.h"
#include "graft/detection/set.h"

namespace graft::detection {

// A class's detections by falling score, for what is asked of them later (intervals, calibration). Of everything: the
// first slice.
struct Outcomes {
  struct One {
    double score = 0;
    Index image = 0, detection = 0;
    Index object = kNone;  // the annotation that it found at the first threshold
    Found found;
  };
  std::vector<One> detections;
  std::vector<Index> objects;  // the image of each object that is to be found
};

struct Evaluation {
  EvaluationRules rules;
  std::vector<Index> classes;        // places of categories, by rising id: K of them
  std::vector<double> precision;     // [slices, thresholds, kRecalls, K], at rules.most.back(); -1: no such objects
  std::vector<double> recall;        // [slices, most, thresholds, K]; -1 likewise
  std::vector<std::size_t> objects;  // [K]: those to be found, of all sizes
  std::vector<std::size_t> answers;  // [K]: detections that were looked at
  std::vector<Outcomes> outcomes;    // [K], where they were asked for

  static constexpr std::size_t kEvery = static_cast<std::size_t>(-1);
  // Means over thresholds (or one of them, by place), recalls and classes with objects; -1 where there are none.
  // `of` says which classes, by place in `classes`; empty: all.
  double average_precision(std::size_t slice = 0, std::size_t threshold = kEvery,
                           const std::vector<bool>& of = {}) const;
  double average_recall(std::size_t slice = 0, std::size_t most = kEvery, std::size_t threshold = kEvery) const;
  double class_precision(std::size_t place, std::size_t threshold = kEvery) const;
  std::vector<bool> with_frequency(const Set& set, char frequency) const;

  // "AP", "AP50", "AP75", "APs", ... "AR1", ...: pycocotools' twelve (ten of keypoints), or lvis-api's thirteen.
  struct Number {
    std::string name;
    double value = -1;
  };
  std::vector<Number> numbers(const Set& set) const;
};

struct EvaluationOptions {
  int threads = 1;
  bool keep_outcomes = false;
  std::vector<bool> in_use;  // images that count; empty: all
};
Evaluation evaluate(const Set& set, const Detections& detections, const EvaluationRules& rules,
                    const EvaluationOptions& options = {});

}  // namespace graft::detection
