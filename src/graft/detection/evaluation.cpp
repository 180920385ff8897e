#include "graft/detection/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "graft/core/threads.h"
#include "graft/detection/average_precision.h"
#include "graft/detection/evaluation_pairs.h"
#include "graft/detection/overlap.h"

namespace graft::detection {
namespace {

// One class after another, with what is needed again and again.
class ClassEvaluation {
 public:
  ClassEvaluation(const Set& set, const Detections& detections, const EvaluationRules& rules)
      : set_(set),
        found_(detections),
        rules_(rules),
        overlap_(make_overlap(set, detections, rules)),
        matcher_(rules),
        outcomes_(rules.slices.size()),
        objects_(rules.slices.size()) {}

  void run(const EvaluationPairs& pairs, std::size_t place, Evaluation& into, bool keep_outcomes) {
    scores_.clear();
    ranks_.clear();
    images_.clear();
    places_.clear();
    taken_.clear();
    object_images_.clear();
    for (auto& one : outcomes_)
      one.clear();
    std::ranges::fill(objects_, std::size_t{0});
    category_ = pairs.classes()[place];
    pairs.each(place, [&](const EvaluationPairs::Pair& pair) { add(pair, keep_outcomes); });
    into.answers[place] = scores_.size();
    into.objects[place] = objects_[0];
    write(place, into);
    if (keep_outcomes) {
      auto& outcomes = into.outcomes[place];
      outcomes.objects = object_images_;
      outcomes.detections.reserve(order_.size());
      for (const Index k : order_)
        outcomes.detections.push_back({scores_[k], images_[k], places_[k], taken_[k], outcomes_[0][k]});
    }
  }

 private:
  static double property(const Slice& slice, const Box& box, double area) {
    return slice.property == Slice::Property::area ? area : box.width / box.height;
  }

  void add(const EvaluationPairs::Pair& pair, bool keep_outcomes) {
    overlap_->of(pair, std::min(rules_.thresholds.front(), 1 - 1e-10), overlaps_);
    never_found_.assign(pair.annotations.size(), 0);
    if (rules_.zero_id_never_found)
      for (std::size_t k = 0; k < pair.annotations.size(); ++k)
        never_found_[k] = set_.annotations[pair.annotations[k]].id == 0;
    const bool open = rules_.unknown_ignored && set_.class_sets.has(set_.images[pair.image].open, category_);
    const auto all = static_cast<std::uint16_t>((1U << rules_.thresholds.size()) - 1);
    for (std::size_t s = 0; s < rules_.slices.size(); ++s) {
      const Slice& slice = rules_.slices[s];
      in_slice_.clear();
      for (std::size_t k = 0; k < pair.annotations.size(); ++k) {
        const Annotation& object = set_.annotations[pair.annotations[k]];
        const double value = property(slice, object.box, object.area);
        in_slice_.push_back(!(value < slice.low || value > slice.high));
        const bool counts = in_slice_.back() != 0 && overlaps_.ignored[k] == 0;
        objects_[s] += counts;
        if (counts && s == 0 && keep_outcomes) object_images_.push_back(pair.image);
      }
      matcher_.match(overlaps_, in_slice_, never_found_, matches_, s == 0 ? &taken_here_ : nullptr);
      for (std::size_t d = 0; d < pair.detections.size(); ++d) {
        const double value = property(slice, found_.detections[pair.detections[d]].box, overlaps_.areas[d]);
        if (open || value < slice.low || value > slice.high) matches_[d].ignored |= all & ~matches_[d].matched;
      }
      for (std::size_t d = 0; d < pair.detections.size(); ++d)
        if (is_there(d)) outcomes_[s].push_back(matches_[d]);
    }
    for (std::size_t d = 0; d < pair.detections.size(); ++d) {
      if (!is_there(d)) continue;
      scores_.push_back(found_.detections[pair.detections[d]].score);
      ranks_.push_back(static_cast<std::uint32_t>(d));
      if (keep_outcomes) {
        images_.push_back(pair.image);
        places_.push_back(pair.detections[d]);
        taken_.push_back(taken_here_[d] == kNone ? kNone : pair.annotations[taken_here_[d]]);
      }
    }
  }

  bool is_there(std::size_t d) const { return !rules_.empty_left_out || overlaps_.areas[d] > 0; }

  void write(std::size_t place, Evaluation& into) {
    order_.resize(scores_.size());
    std::iota(order_.begin(), order_.end(), Index{0});
    std::ranges::stable_sort(order_, [&](Index a, Index b) { return scores_[a] > scores_[b]; });
    const std::size_t classes = into.classes.size(), thresholds = rules_.thresholds.size();
    curve_.resize(thresholds * kRecalls);
    for (std::size_t s = 0; s < rules_.slices.size(); ++s) {
      if (objects_[s] == 0) continue;
      sorted_.resize(order_.size());
      for (std::size_t k = 0; k < order_.size(); ++k)
        sorted_[k] = outcomes_[s][order_[k]];
      interpolated_precision(sorted_, objects_[s], thresholds, curve_);
      for (std::size_t k = 0; k < curve_.size(); ++k)
        into.precision[(s * curve_.size() + k) * classes + place] = curve_[k];
      write_recall(s, place, into);
    }
  }

  void write_recall(std::size_t s, std::size_t place, Evaluation& into) {
    const std::size_t classes = into.classes.size(), thresholds = rules_.thresholds.size();
    counts_.assign(rules_.most.size() * thresholds, 0);
    for (std::size_t k = 0; k < scores_.size(); ++k) {
      const unsigned right = outcomes_[s][k].matched & ~outcomes_[s][k].ignored;
      if (right == 0) continue;
      for (std::size_t m = 0; m < rules_.most.size(); ++m) {
        if (ranks_[k] >= static_cast<std::uint32_t>(rules_.most[m])) continue;
        for (std::size_t t = 0; t < thresholds; ++t)
          counts_[m * thresholds + t] += right >> t & 1;
      }
    }
    for (std::size_t k = 0; k < counts_.size(); ++k)
      into.recall[(s * counts_.size() + k) * classes + place] =
          static_cast<double>(counts_[k]) / static_cast<double>(objects_[s]);
  }

  const Set& set_;
  const Detections& found_;
  const EvaluationRules& rules_;
  std::unique_ptr<Overlap> overlap_;
  Matcher matcher_;
  Overlaps overlaps_;
  Index category_ = 0;
  std::vector<char> never_found_, in_slice_;
  std::vector<Found> matches_, sorted_;
  std::vector<double> scores_, curve_;
  std::vector<std::uint32_t> ranks_;  // in their image
  std::vector<Index> images_, places_, order_, object_images_, taken_, taken_here_;
  std::vector<std::vector<Found>> outcomes_;  // by slice
  std::vector<std::size_t> objects_, counts_;
};

// Values that are there, in their order.
class Gathered {
 public:
  explicit Gathered(std::vector<bool> of) : of_(std::move(of)) {}
  void add(std::span<const double> row) {
    for (std::size_t k = 0; k < row.size(); ++k)
      if ((of_.empty() || of_[k]) && row[k] > -1) values_.push_back(row[k]);
  }
  double mean() const { return numpy_mean(values_); }

 private:
  std::vector<bool> of_;
  std::vector<double> values_;
};

}  // namespace

double Evaluation::average_precision(std::size_t slice, std::size_t threshold, const std::vector<bool>& of) const {
  Gathered values(of);
  for (std::size_t t = 0; t < rules.thresholds.size(); ++t) {
    if (threshold != kEvery && t != threshold) continue;
    for (std::size_t r = 0; r < kRecalls; ++r)
      values.add(std::span(precision).subspan(((slice * rules.thresholds.size() + t) * kRecalls + r) * classes.size(),
                                              classes.size()));
  }
  return values.mean();
}

double Evaluation::average_recall(std::size_t slice, std::size_t most, std::size_t threshold) const {
  Gathered values({});
  const std::size_t m = most == kEvery ? rules.most.size() - 1 : most;
  for (std::size_t t = 0; t < rules.thresholds.size(); ++t) {
    if (threshold != kEvery && t != threshold) continue;
    const std::size_t row = (slice * rules.most.size() + m) * rules.thresholds.size() + t;
    values.add(std::span(recall).subspan(row * classes.size(), classes.size()));
  }
  return values.mean();
}

double Evaluation::class_precision(std::size_t place, std::size_t threshold) const {
  std::vector<double> values;
  for (std::size_t k = 0; k < rules.thresholds.size() * kRecalls; ++k) {
    const double value = precision[k * classes.size() + place];
    if ((threshold == kEvery || k / kRecalls == threshold) && value > -1) values.push_back(value);
  }
  return numpy_mean(values);
}

std::vector<bool> Evaluation::with_frequency(const Set& set, char frequency) const {
  std::vector<bool> of(classes.size());
  for (std::size_t k = 0; k < classes.size(); ++k)
    of[k] = set.categories[classes[k]].frequency == frequency;
  return of;
}

std::vector<Evaluation::Number> Evaluation::numbers(const Set& set) const {
  const auto at = [&](double threshold) {
    return static_cast<std::size_t>(std::ranges::find(rules.thresholds, threshold) - rules.thresholds.begin());
  };
  std::vector<Number> all = {
      {"AP", average_precision()}, {"AP50", average_precision(0, at(0.5))}, {"AP75", average_precision(0, at(0.75))}};
  for (std::size_t s = 1; s < rules.slices.size(); ++s)
    all.push_back({"AP-" + rules.slices[s].name, average_precision(s)});
  const bool told = std::ranges::any_of(set.categories, [](const Category& one) { return one.frequency != 0; });
  if (rules.frequencies && told) {
    for (const auto& [name, frequency] : {std::pair{"rare", 'r'}, {"common", 'c'}, {"frequent", 'f'}}) {
      all.push_back({std::string("AP-") + name, average_precision(0, kEvery, with_frequency(set, frequency))});
    }
  }
  if (rules.compared == Compared::keypoints) {
    all.insert(all.end(), {{"AR", average_recall()},
                           {"AR50", average_recall(0, kEvery, at(0.5))},
                           {"AR75", average_recall(0, kEvery, at(0.75))}});
  } else {
    for (std::size_t m = 0; m < rules.most.size(); ++m)
      all.push_back({fmt::format("AR@{}", rules.most[m]), average_recall(0, m)});
  }
  for (std::size_t s = 1; s < rules.slices.size(); ++s)
    all.push_back({"AR-" + rules.slices[s].name, average_recall(s)});
  return all;
}

Evaluation evaluate(const Set& set, const Detections& detections, const EvaluationRules& rules,
                    const EvaluationOptions& options) {
  const EvaluationPairs pairs(set, detections, rules, options.in_use);
  Evaluation result;
  result.rules = rules;
  result.classes = pairs.classes();
  const std::size_t classes = result.classes.size(), per_class = rules.slices.size() * rules.thresholds.size();
  result.precision.assign(per_class * kRecalls * classes, -1);
  result.recall.assign(per_class * rules.most.size() * classes, -1);
  result.objects.assign(classes, 0);
  result.answers.assign(classes, 0);
  if (options.keep_outcomes) result.outcomes.resize(classes);
  // Threads take classes in turn; each has one of these.
  const auto threads = static_cast<std::size_t>(std::max(options.threads, 1));
  for_each_index(threads, static_cast<std::int64_t>(threads), [&](std::size_t thread) {
    ClassEvaluation one(set, detections, rules);
    for (std::size_t place = thread; place < classes; place += threads)
      one.run(pairs, place, result, options.keep_outcomes);
  });
  return result;
}

}  // namespace graft::detection
