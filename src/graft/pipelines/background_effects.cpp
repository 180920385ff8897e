#include "graft/pipelines/background_effects.h"

#include <functional>
#include <numeric>
#include <span>
#include <string_view>

#include "graft/core/error.h"
#include "graft/statistics/bootstrap.h"

namespace graft::pipelines {
namespace {

constexpr int64_t kResamples = 2000;

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Estimate estimate(std::vector<double> values, const Random& random) {
  const auto found = statistics::bootstrap(
      {std::move(values)}, [](const statistics::Samples& samples) { return mean_of(samples[0]); }, kResamples, random);
  return {found.estimate, found.bca.interval};
}

// Of one photo's answers with one kind of background.
using Answers = std::vector<Answer>;
using Of = std::function<Answers(const PhotoAnswers&)>;

double share(const Answers& answers, const std::function<bool(const Answer&)>& is) {
  double count = 0;
  for (const auto& answer : answers)
    count += is(answer) ? 1 : 0;
  return count / static_cast<double>(answers.size());
}

double accuracy_of(const PhotoAnswers& photo, const Answers& answers) {
  return share(answers, [&](const Answer& answer) { return answer.told == photo.label; });
}

Answers answers_of(const std::vector<SwappedAnswer>& swapped) {
  Answers answers;
  for (const auto& one : swapped)
    answers.push_back(one.answer);
  return answers;
}

BackgroundEffect effect(const std::vector<PhotoAnswers>& photos, const Of& of, const Random& random) {
  std::vector<double> accuracy, drop, changed, log_probability;
  for (const auto& photo : photos) {
    const auto answers = of(photo);
    if (answers.empty()) continue;
    accuracy.push_back(accuracy_of(photo, answers));
    drop.push_back(accuracy_of(photo, {photo.photo}) - accuracy.back());
    changed.push_back(share(answers, [&](const Answer& answer) { return answer.told != photo.photo.told; }));
    double change = 0;
    for (const auto& answer : answers)
      change += answer.log_probability - photo.photo.log_probability;
    log_probability.push_back(change / static_cast<double>(answers.size()));
  }
  BackgroundEffect found;
  found.photos = std::ssize(accuracy);
  if (found.photos == 0) return found;
  found.accuracy = estimate(std::move(accuracy), random);
  found.drop = estimate(std::move(drop), random);
  found.changed = estimate(std::move(changed), random);
  found.log_probability = estimate(std::move(log_probability), random);
  return found;
}

// How often answers name the class of one of the other backgrounds, each with each.
double names_a_background(const Answers& answers, const std::vector<SwappedAnswer>& backgrounds) {
  double count = 0;
  for (const auto& background : backgrounds)
    count += share(answers, [&](const Answer& answer) { return answer.told == background.background_class; });
  return count / static_cast<double>(backgrounds.size());
}

}  // namespace

BackgroundEffects background_effects(const std::vector<PhotoAnswers>& photos, const Random& random) {
  if (photos.empty()) throw UsageError("swap", "no photos to tell an effect from: expected one or more.");
  BackgroundEffects found;
  found.photos = std::ssize(photos);
  std::vector<double> accuracy, follows, by_chance, beyond_chance, gap;
  for (const auto& photo : photos) {
    accuracy.push_back(accuracy_of(photo, {photo.photo}));
    const auto same = answers_of(photo.same), other = answers_of(photo.other);
    if (other.empty()) continue;
    double named = 0;
    for (const auto& one : photo.other)
      named += one.answer.told == one.background_class ? 1 : 0;
    follows.push_back(named / static_cast<double>(photo.other.size()));
    by_chance.push_back(names_a_background(same.empty() ? Answers{photo.photo} : same, photo.other));
    beyond_chance.push_back(follows.back() - by_chance.back());
    if (!same.empty()) gap.push_back(accuracy_of(photo, same) - accuracy_of(photo, other));
  }
  found.accuracy = estimate(std::move(accuracy), random);
  found.own = effect(
      photos, [](const PhotoAnswers& photo) { return Answers{photo.own}; }, random);
  found.same = effect(
      photos, [](const PhotoAnswers& photo) { return answers_of(photo.same); }, random);
  found.other = effect(
      photos, [](const PhotoAnswers& photo) { return answers_of(photo.other); }, random);
  found.alone = effect(
      photos, [](const PhotoAnswers& photo) { return Answers{photo.alone}; }, random);
  if (!follows.empty()) {
    found.follows = estimate(std::move(follows), random);
    found.by_chance = estimate(std::move(by_chance), random);
    found.beyond_chance = estimate(std::move(beyond_chance), random);
  }
  if (!gap.empty()) found.gap = estimate(std::move(gap), random);
  return found;
}

}  // namespace graft::pipelines
