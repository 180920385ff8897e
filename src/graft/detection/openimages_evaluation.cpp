#include "graft/detection/openimages_evaluation.h"

#include <algorithm>
#include <limits>
#include <span>

#include "graft/detection/average_precision.h"
#include "graft/detection/evaluation_pairs.h"
#include "graft/detection/overlap.h"

namespace graft::detection {
namespace {

constexpr double kAboveHalf = 0.5;

struct Told {
  double score;
  bool right;
};

// The set with the boxes of each class given to its ancestors too; carried texts stay behind.
Set with_ancestors(const Set& set, const std::vector<std::vector<Index>>& ancestors) {
  Set all = set;
  for (const Annotation& one : set.annotations) {
    for (const Index ancestor : ancestors[one.category]) {
      all.annotations.push_back(one);
      all.annotations.back().category = ancestor;
    }
  }
  return all;
}

class ClassAnswers {
 public:
  ClassAnswers(const Set& set, const Detections& found) : set_(set), found_(found) {}

  std::size_t objects() const { return objects_; }

  void add(const EvaluationPairs::Pair& pair) {
    objects_ += pair.annotations.size();
    taken_.assign(pair.annotations.size(), false);
    group_scores_.assign(pair.annotations.size(), -std::numeric_limits<double>::infinity());
    for (const Index place : pair.detections) {
      const Detection& detection = found_.detections[place];
      const Best object = best(pair, detection.box, false);
      if (object.overlap > kAboveHalf && !taken_[object.place]) {
        taken_[object.place] = true;
        answers_.push_back({detection.score, true});
        continue;
      }
      const Best group = best(pair, detection.box, true);
      if (group.overlap >= kAboveHalf)
        group_scores_[group.place] = std::max(group_scores_[group.place], detection.score);
      else
        answers_.push_back({detection.score, false});
    }
    for (const double score : group_scores_)
      if (score > -std::numeric_limits<double>::infinity()) answers_.push_back({score, true});
  }

  double precision() {
    std::ranges::stable_sort(answers_, std::ranges::greater{}, &Told::score);
    std::vector<double> at_right;
    for (std::size_t k = 0; k < answers_.size(); ++k)
      if (answers_[k].right) at_right.push_back(static_cast<double>(at_right.size() + 1) / static_cast<double>(k + 1));
    double sum = 0, highest = 0;
    for (std::size_t k = at_right.size(); k-- > 0;)
      sum += highest = std::max(highest, at_right[k]);
    return sum / static_cast<double>(objects_);
  }

 private:
  struct Best {
    double overlap = 0;
    std::size_t place = 0;
  };
  Best best(const EvaluationPairs::Pair& pair, const Box& box, bool groups) const {
    Best best;
    for (std::size_t k = 0; k < pair.annotations.size(); ++k) {
      const Annotation& object = set_.annotations[pair.annotations[k]];
      if (object.group_of != groups) continue;
      const double overlap = box_overlap(box, object.box, groups);
      if (overlap > best.overlap) best = {overlap, k};
    }
    return best;
  }

  const Set& set_;
  const Detections& found_;
  std::size_t objects_ = 0;
  std::vector<Told> answers_;
  std::vector<bool> taken_;
  std::vector<double> group_scores_;
};

}  // namespace

OpenImagesScores evaluate_openimages(const Set& set, const Detections& detections,
                                     const std::vector<std::vector<Index>>& ancestors) {
  const Set expanded = ancestors.empty() ? Set{} : with_ancestors(set, ancestors);
  const Set& truth = ancestors.empty() ? set : expanded;
  EvaluationRules rules;
  rules.most = {std::numeric_limits<int>::max()};
  rules.unknown_ignored = true;
  const EvaluationPairs pairs(truth, detections, rules);
  OpenImagesScores scores;
  scores.precision.assign(set.categories.size(), -1);
  scores.objects.assign(set.categories.size(), 0);
  std::vector<double> there;
  for (std::size_t place = 0; place < pairs.classes().size(); ++place) {
    ClassAnswers answers(truth, detections);
    pairs.each(place, [&](const EvaluationPairs::Pair& pair) { answers.add(pair); });
    const Index category = pairs.classes()[place];
    scores.objects[category] = answers.objects();
    if (answers.objects() == 0) continue;
    scores.precision[category] = answers.precision();
    there.push_back(scores.precision[category]);
  }
  scores.mean = numpy_mean(there);
  return scores;
}

}  // namespace graft::detection
