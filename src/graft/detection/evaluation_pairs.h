// Objects and detections put together by class and image: only pairs of an image and a class that have one or the other
// are ever touched, however many classes and images there are.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "graft/detection/evaluation_rules.h"
#include "graft/detection/set.h"

namespace graft::detection {

class EvaluationPairs {
 public:
  // An image and a class: places among annotations in their order, and among detections from the highest score on (of
  // equal ones the first before), at most rules.most.back() of them.
  struct Pair {
    Index image = 0;
    std::span<const Index> annotations;
    std::span<const Index> detections;
  };

  // `in_use` says which images count; empty: all. The set and the detections must outlive this.
  EvaluationPairs(const Set& set, const Detections& detections, const EvaluationRules& rules,
                  const std::vector<bool>& in_use = {});

  // Classes by rising id, as pycocotools numbers them.
  const std::vector<Index>& classes() const { return classes_; }
  std::size_t size_of(std::size_t class_place) const;  // its detections
  // Calls work(pair) for the pairs of a class, by rising image id. Several threads may ask at once.
  template <class Work>
  void each(std::size_t class_place, Work&& work) const {
    std::size_t a = annotation_begin_[class_place], d = detection_begin_[class_place];
    const std::size_t a_end = annotation_begin_[class_place + 1], d_end = detection_begin_[class_place + 1];
    std::vector<Index> sorted;
    while (a < a_end || d < d_end) {
      Pair pair;
      const Index of_a = a < a_end ? annotation_ranks_[a] : kNone, of_d = d < d_end ? detection_ranks_[d] : kNone;
      const Index rank = std::min(of_a, of_d);
      const std::size_t a_first = a, d_first = d;
      while (a < a_end && annotation_ranks_[a] == rank)
        ++a;
      while (d < d_end && detection_ranks_[d] == rank)
        ++d;
      pair.image = by_id_[rank];
      pair.annotations = std::span(annotations_).subspan(a_first, a - a_first);
      sort(std::span(detections_).subspan(d_first, d - d_first), sorted);
      pair.detections = sorted;
      work(pair);
    }
  }

 private:
  void sort(std::span<const Index> detections, std::vector<Index>& sorted) const;

  const Detections& found_;
  std::size_t most_;
  std::vector<Index> classes_, by_id_, rank_;  // images by rising id, and back
  std::vector<Index> annotations_, detections_;
  std::vector<Index> annotation_ranks_, detection_ranks_;        // of their images
  std::vector<std::size_t> annotation_begin_, detection_begin_;  // of each class
};

}  // namespace graft::detection
