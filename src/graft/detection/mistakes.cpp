#include "graft/detection/mistakes.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "graft/core/error.h"
#include "graft/detection/average_precision.h"
#include "graft/detection/overlap.h"

namespace graft::detection {
namespace {

constexpr double kFound = 0.5, kNear = 0.1;

// A detection as it counts in AP50.
struct Counted {
  double score;
  bool right;
};

struct Wrong {
  std::size_t class_place;
  Index detection;
  double score;
  Mistake kind;
  Index object = kNone;  // that a mended one would find: another class's, or the one it lies near
};

class Costs {
 public:
  Costs(const Set& set, const Detections& detections, const Evaluation& evaluation)
      : set_(set), found_(detections), evaluation_(evaluation) {
    if (evaluation.outcomes.size() != evaluation.classes.size() || evaluation.rules.thresholds.front() != kFound ||
        evaluation.rules.compared != Compared::boxes)
      throw UsageError("detection", "kinds of mistakes need boxes, outcomes that were kept and a threshold of .5.");
    if (!detections.detections.empty() && detections.detections.front().box == Box{})
      throw DataError("detection", "the results have no boxes, and kinds of mistakes are told by them.");
    class_place_.resize(set.categories.size());
    for (std::size_t k = 0; k < evaluation.classes.size(); ++k)
      class_place_[evaluation.classes[k]] = k;
  }

  MistakeCosts run() {
    sort_objects();
    tell_kinds();
    MistakeCosts result;
    result.precision = precision({}, {});
    std::vector<char> would_find(set_.annotations.size(), 0);
    for (const Wrong& wrong : wrong_) {
      ++result.costs[static_cast<std::size_t>(wrong.kind)].count;
      if (wrong.object != kNone) would_find[wrong.object] = 1;
    }
    for (std::size_t k = 0; k + 1 < kMistakes; ++k)
      result.costs[k].gain = precision(static_cast<Mistake>(k), {}) - result.precision;
    std::vector<std::size_t> missed(evaluation_.classes.size(), 0);
    auto& last = result.costs.back();
    for (Index k = 0; k < set_.annotations.size(); ++k) {
      if (!counts_[k] || taken_[k] || would_find[k]) continue;
      ++missed[class_place_[set_.annotations[k].category]];
      ++last.count;
    }
    last.gain = precision({}, missed) - result.precision;
    return result;
  }

 private:
  // Objects by image; which count, and which were found.
  void sort_objects() {
    begin_.assign(set_.images.size() + 1, 0);
    counts_.assign(set_.annotations.size(), false);
    taken_.assign(set_.annotations.size(), false);
    std::vector<bool> looked_at(set_.images.size(), false);
    for (const auto& outcomes : evaluation_.outcomes) {
      for (const Index image : outcomes.objects)
        looked_at[image] = true;
      for (const auto& one : outcomes.detections)
        if ((one.found.matched & 1) != 0) taken_[one.object] = true;
    }
    const auto& rules = evaluation_.rules;
    for (Index k = 0; k < set_.annotations.size(); ++k) {
      const Annotation& one = set_.annotations[k];
      counts_[k] = looked_at[one.image] && !(rules.crowds && one.crowd) && !(rules.groups_are_crowds && one.group_of);
      ++begin_[one.image + 1];
    }
    std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
    objects_.resize(set_.annotations.size());
    auto next = begin_;
    for (Index k = 0; k < set_.annotations.size(); ++k)
      objects_[next[set_.annotations[k].image]++] = k;
  }

  void tell_kinds() {
    for (std::size_t place = 0; place < evaluation_.outcomes.size(); ++place) {
      for (const auto& one : evaluation_.outcomes[place].detections)
        if (((one.found.matched | one.found.ignored) & 1) == 0)
          wrong_.push_back(kind_of({place, one.detection, one.score, Mistake::background, kNone}));
    }
  }

  Wrong kind_of(Wrong wrong) const {
    const Detection& detection = found_.detections[wrong.detection];
    double same = 0, other = 0;
    Index same_object = kNone, other_object = kNone;
    for (std::size_t k = begin_[detection.image]; k < begin_[detection.image + 1]; ++k) {
      const Index place = objects_[k];
      if (!counts_[place]) continue;
      const double overlap = box_overlap(detection.box, set_.annotations[place].box, false);
      const bool is_same = set_.annotations[place].category == detection.category;
      double& most = is_same ? same : other;
      if (overlap <= most) continue;
      most = overlap;
      (is_same ? same_object : other_object) = place;
    }
    if (same >= kFound) {
      wrong.kind = Mistake::duplicate;
    } else if (same >= kNear) {
      wrong.kind = Mistake::location;
      wrong.object = same_object;
    } else if (other >= kFound) {
      wrong.kind = Mistake::classification;
      wrong.object = other_object;
    } else if (other >= kNear) {
      wrong.kind = Mistake::both;
    }
    return wrong;
  }

  // AP50 with all mistakes of a kind mended: of those that would find an object that nothing found, the highest score
  // finds it; the others go. `missed`: objects of each class that are no longer asked for.
  double precision(std::optional<Mistake> mended, const std::vector<std::size_t>& missed) const {
    std::vector<std::vector<Counted>> classes(evaluation_.classes.size());
    for (std::size_t place = 0; place < classes.size(); ++place)
      for (const auto& one : evaluation_.outcomes[place].detections)
        if ((one.found.matched & ~one.found.ignored & 1) != 0) classes[place].push_back({one.score, true});
    std::vector<const Wrong*> finders(set_.annotations.size(), nullptr);
    for (const Wrong& wrong : wrong_) {
      if (wrong.kind != mended) {
        classes[wrong.class_place].push_back({wrong.score, false});
      } else if (wrong.object != kNone && !taken_[wrong.object]) {
        const Wrong*& finder = finders[wrong.object];
        if (finder == nullptr || wrong.score > finder->score) finder = &wrong;
      }
    }
    for (Index k = 0; k < finders.size(); ++k)
      if (finders[k] != nullptr)
        classes[class_place_[set_.annotations[k].category]].push_back({finders[k]->score, true});
    std::vector<double> each;
    std::vector<Found> found;
    std::vector<double> curve(kRecalls);
    for (std::size_t place = 0; place < classes.size(); ++place) {
      const std::size_t objects = evaluation_.objects[place] - (missed.empty() ? 0 : missed[place]);
      if (evaluation_.objects[place] == 0) continue;
      if (objects == 0) {  // none is left to be found: nothing is wrong with that
        each.push_back(1);
        continue;
      }
      std::ranges::stable_sort(classes[place], std::ranges::greater{}, &Counted::score);
      found.clear();
      for (const Counted& one : classes[place])
        found.push_back({static_cast<std::uint16_t>(one.right ? 1 : 0), 0});
      interpolated_precision(found, objects, 1, curve);
      each.push_back(numpy_mean(curve));
    }
    return each.empty() ? 0 : numpy_mean(each);
  }

  const Set& set_;
  const Detections& found_;
  const Evaluation& evaluation_;
  std::vector<std::size_t> class_place_, begin_;
  std::vector<Index> objects_;
  std::vector<bool> counts_, taken_;
  std::vector<Wrong> wrong_;
};

}  // namespace

std::string_view name_of(Mistake mistake) {
  constexpr std::array<std::string_view, kMistakes> kNames = {"classification", "location",   "both",
                                                              "duplicate",      "background", "missed"};
  return kNames[static_cast<std::size_t>(mistake)];
}

MistakeCosts mistake_costs(const Set& set, const Detections& detections, const Evaluation& evaluation) {
  return Costs(set, detections, evaluation).run();
}

}  // namespace graft::detection
