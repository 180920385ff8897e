#include "graft/detection/evaluation_pairs.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace graft::detection {
namespace {

// Places by rising id; a file is mostly in that order already.
template <class Entries>
std::vector<Index> by_id(const Entries& entries) {
  std::vector<Index> order(entries.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, {}, [&](Index k) { return entries[k].id; });
  return order;
}

std::vector<Index> inverse(const std::vector<Index>& order) {
  std::vector<Index> places(order.size());
  for (Index k = 0; k < order.size(); ++k)
    places[order[k]] = k;
  return places;
}

// `places` in the order of key(place) in [0, keys), equal ones as they stood; where each key begins.
template <class Key>
std::vector<std::size_t> count_sort(std::vector<Index>& places, std::size_t keys, Key&& key) {
  std::vector<std::size_t> begin(keys + 1, 0);
  for (const Index place : places)
    ++begin[key(place) + 1];
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
  std::vector<Index> sorted(places.size());
  for (const Index place : places)
    sorted[next[key(place)]++] = place;
  places = std::move(sorted);
  return begin;
}

// Of an image's detections only the highest scores stay, of equal ones the first. `places` by image.
void keep_best(std::vector<Index>& places, const std::vector<std::size_t>& begin, const Detections& found,
               std::size_t most) {
  std::vector<Index> kept;
  kept.reserve(places.size());
  for (std::size_t image = 0; image + 1 < begin.size(); ++image) {
    const auto first = places.begin() + static_cast<std::ptrdiff_t>(begin[image]);
    auto last = places.begin() + static_cast<std::ptrdiff_t>(begin[image + 1]);
    if (static_cast<std::size_t>(last - first) > most) {
      std::stable_sort(first, last,
                       [&](Index a, Index b) { return found.detections[a].score > found.detections[b].score; });
      last = first + static_cast<std::ptrdiff_t>(most);
    }
    kept.insert(kept.end(), first, last);
  }
  places = std::move(kept);
}

}  // namespace

EvaluationPairs::EvaluationPairs(const Set& set, const Detections& detections, const EvaluationRules& rules,
                                 const std::vector<bool>& in_use)
    : found_(detections),
      most_(static_cast<std::size_t>(rules.most.back())),
      classes_(by_id(set.categories)),
      by_id_(by_id(set.images)),
      rank_(inverse(by_id_)) {
  const auto place_of_class = inverse(classes_);
  const auto counts = [&](Index image) { return in_use.empty() || in_use[image]; };

  annotations_.reserve(set.annotations.size());
  for (Index k = 0; k < set.annotations.size(); ++k)
    if (counts(set.annotations[k].image) && !(rules.empty_left_out && set.annotations[k].area <= 0))
      annotations_.push_back(k);
  detections_.reserve(found_.detections.size());
  for (Index k = 0; k < found_.detections.size(); ++k)
    if (counts(found_.detections[k].image)) detections_.push_back(k);

  const auto image_of_annotation = [&](Index k) { return rank_[set.annotations[k].image]; };
  const auto image_of_detection = [&](Index k) { return rank_[found_.detections[k].image]; };
  count_sort(annotations_, set.images.size(), image_of_annotation);
  if (rules.same_id_is_last) {  // pycocotools lists ids by image, then looks each up
    std::unordered_map<std::int64_t, Index> last;
    for (Index k = 0; k < set.annotations.size(); ++k)
      last[set.annotations[k].id] = k;
    for (Index& place : annotations_)
      place = last[set.annotations[place].id];
    count_sort(annotations_, set.images.size(), image_of_annotation);
  }
  const auto begin = count_sort(detections_, set.images.size(), image_of_detection);
  if (rules.most_per_image > 0) keep_best(detections_, begin, found_, static_cast<std::size_t>(rules.most_per_image));
  if (rules.unknown_ignored) {
    std::erase_if(detections_, [&](Index k) {
      const Detection& one = found_.detections[k];
      return !set.class_sets.has(set.images[one.image].known, one.category);
    });
  }
  annotation_begin_ =
      count_sort(annotations_, classes_.size(), [&](Index k) { return place_of_class[set.annotations[k].category]; });
  detection_begin_ =
      count_sort(detections_, classes_.size(), [&](Index k) { return place_of_class[found_.detections[k].category]; });
  for (const Index place : annotations_)
    annotation_ranks_.push_back(image_of_annotation(place));
  for (const Index place : detections_)
    detection_ranks_.push_back(image_of_detection(place));
}

std::size_t EvaluationPairs::size_of(std::size_t class_place) const {
  return detection_begin_[class_place + 1] - detection_begin_[class_place];
}

void EvaluationPairs::sort(std::span<const Index> detections, std::vector<Index>& sorted) const {
  sorted.assign(detections.begin(), detections.end());
  const auto higher = [&](Index a, Index b) { return found_.detections[a].score > found_.detections[b].score; };
  if (!std::ranges::is_sorted(sorted, higher)) std::ranges::stable_sort(sorted, higher);
  if (sorted.size() > most_) sorted.resize(most_);
}

}  // namespace graft::detection
