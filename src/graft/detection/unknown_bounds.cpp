#include "graft/detection/unknown_bounds.h"

#include <algorithm>
#include <map>
#include <set>

#include "graft/core/error.h"
#include "graft/detection/average_precision.h"

namespace graft::detection {
namespace {

constexpr std::size_t kTried = 64;

struct Answer {
  double score = 0;
  bool right = false, unknown = false;
  Index image = 0;
};

// AP50 where the `count` highest (or lowest) unknown ones are right.
double precision(const std::vector<Answer>& answers, std::size_t objects, std::size_t unknown, std::size_t count,
                 bool highest) {
  std::vector<Found> found;
  std::vector<double> curve(kRecalls);
  std::size_t seen = 0;
  for (const Answer& one : answers) {
    bool right = one.right;
    if (one.unknown) {
      right = highest ? seen < count : seen >= unknown - count;
      ++seen;
    }
    found.push_back({static_cast<std::uint16_t>(right ? 1 : 0), 0});
  }
  interpolated_precision(found, objects + count, 1, curve);
  return numpy_mean(curve);
}

}  // namespace

UnknownBounds unknown_bounds(const Set& set, const Detections& detections, const Evaluation& evaluation,
                             std::size_t most) {
  if (evaluation.outcomes.size() != evaluation.classes.size())
    throw UsageError("detection", "bounds need an evaluation that kept its outcomes.");
  std::vector<std::vector<Index>> unknown(set.categories.size());
  for (Index k = 0; k < detections.detections.size(); ++k) {
    const Detection& one = detections.detections[k];
    if (!set.class_sets.has(set.images[one.image].known, one.category)) unknown[one.category].push_back(k);
  }
  UnknownBounds result;
  struct Share {
    double width = 0;
    std::set<Index> classes;
  };
  std::map<Index, Share> shares;  // by image
  double low = 0, high = 0;
  std::size_t classes = 0;
  for (std::size_t place = 0; place < evaluation.classes.size(); ++place) {
    const Index category = evaluation.classes[place];
    const std::size_t objects = evaluation.objects[place];
    if (objects == 0) continue;  // a class without a labelled object has no AP
    ++classes;
    std::vector<Answer> answers;
    for (const auto& one : evaluation.outcomes[place].detections)
      if ((one.found.ignored & 1) == 0) answers.push_back({one.score, (one.found.matched & 1) != 0, false, one.image});
    for (const Index k : unknown[category])
      answers.push_back({detections.detections[k].score, false, true, detections.detections[k].image});
    std::ranges::stable_sort(answers, std::ranges::greater{}, &Answer::score);
    const std::size_t count = unknown[category].size();
    double lowest = precision(answers, objects, count, 0, true), highest = lowest;
    const std::size_t tried = std::min(count, kTried);
    for (std::size_t k = 1; k <= tried; ++k) {
      const std::size_t right = k * count / tried;
      highest = std::max(highest, precision(answers, objects, count, right, true));
      lowest = std::min(lowest, precision(answers, objects, count, right, false));
    }
    low += lowest;
    high += highest;
    // A wrong answer lowers precision at each right one behind it, by about one part in their rank.
    std::vector<double> weight(answers.size());
    double behind = 0, all = 0;
    for (std::size_t k = answers.size(); k-- > 0;) {
      if (answers[k].right || answers[k].unknown) behind += 1.0 / static_cast<double>(k + 1);
      if (answers[k].unknown) all += weight[k] = behind;
    }
    for (std::size_t k = 0; k < answers.size(); ++k) {
      if (!answers[k].unknown) continue;
      Share& share = shares[answers[k].image];
      share.width += (highest - lowest) * weight[k] / all;
      share.classes.insert(category);
    }
    result.detections += count;
  }
  if (classes == 0) return result;
  result.low = low / static_cast<double>(classes);
  result.high = high / static_cast<double>(classes);
  for (const auto& [image, share] : shares) {
    result.pairs += share.classes.size();
    result.images.push_back(
        {image, {share.classes.begin(), share.classes.end()}, high > low ? share.width / (high - low) : 0});
  }
  std::ranges::stable_sort(result.images, std::ranges::greater{}, &UnknownBounds::ToCheck::share);
  if (result.images.size() > most) result.images.resize(most);
  return result;
}

}  // namespace graft::detection
