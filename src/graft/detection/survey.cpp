#include "graft/detection/survey.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace graft::detection {
namespace {

constexpr std::size_t kMostPairs = 50;

std::size_t place_of_count(std::size_t boxes) {
  constexpr std::array<std::size_t, 7> kUpTo = {0, 1, 2, 5, 10, 20, 50};
  return static_cast<std::size_t>(std::ranges::lower_bound(kUpTo, boxes) - kUpTo.begin());
}

std::size_t bin(double value, std::size_t bins) {
  if (!(value > 0)) return 0;
  return std::min(bins - 1, static_cast<std::size_t>(value * static_cast<double>(bins)));
}

void count_box(const Set& set, const Annotation& annotation, Survey& survey) {
  const Box& box = annotation.box;
  ++survey.sizes[annotation.area < 32 * 32 ? 0 : annotation.area < 96 * 96 ? 1 : 2];
  if (box.width > 0 && box.height > 0)
    ++survey.aspect[bin((std::log2(box.width / box.height) + 4) / 8, survey.aspect.size())];
  const Image& image = set.images[annotation.image];
  if (image.width <= 0 || image.height <= 0) return;
  const double wide = image.width, high = image.height;
  ++survey.share[bin(std::sqrt(std::max(0.0, box.area()) / (wide * high)), survey.share.size())];
  const auto x = bin((box.x + box.width / 2) / wide, Survey::kGrid);
  const auto y = bin((box.y + box.height / 2) / high, Survey::kGrid);
  ++survey.centres[y * Survey::kGrid + x];
}

std::vector<ClassPair> pairs_of(const std::vector<std::vector<Index>>& by_image,
                                const std::vector<ClassCount>& counts) {
  std::unordered_map<std::uint64_t, std::size_t> together;
  for (const auto& classes : by_image)
    for (std::size_t a = 0; a < classes.size(); ++a)
      for (std::size_t b = a + 1; b < classes.size(); ++b)
        ++together[std::uint64_t{classes[a]} << 32 | classes[b]];
  std::vector<ClassPair> pairs;
  for (const auto& [key, images] : together) {
    const auto first = static_cast<Index>(key >> 32), second = static_cast<Index>(key);
    const double expected = static_cast<double>(counts[first].images) * static_cast<double>(counts[second].images) /
                            static_cast<double>(by_image.size());
    pairs.push_back({first, second, images, static_cast<double>(images) / expected});
  }
  std::ranges::sort(pairs, [](const ClassPair& a, const ClassPair& b) {
    return std::tie(b.images, a.first, a.second) < std::tie(a.images, b.first, b.second);
  });
  if (pairs.size() > kMostPairs) pairs.resize(kMostPairs);
  return pairs;
}

}  // namespace

Survey::Bins Survey::bins() const {
  Bins bins;
  for (const ClassCount& one : classes)
    ++(one.images == 0 ? bins.none : one.images < 10 ? bins.rare : one.images < 100 ? bins.common : bins.frequent);
  return bins;
}

Survey survey_of(const Set& set) {
  Survey survey;
  survey.images = set.images.size();
  survey.boxes = set.annotations.size();
  survey.classes.resize(set.categories.size());
  std::vector<std::size_t> boxes(set.images.size());
  for (const Annotation& annotation : set.annotations) {
    ++boxes[annotation.image];
    ++survey.classes[annotation.category].boxes;
    survey.crowds += annotation.crowd;
    survey.groups += annotation.group_of;
    survey.with_shape += annotation.shape != kNoText;
    count_box(set, annotation, survey);
  }
  for (const std::size_t count : boxes) {
    ++survey.per_image[place_of_count(count)];
    survey.empty_images += count == 0;
  }
  const auto by_image = classes_by_image(set);
  for (const auto& classes : by_image)
    for (const Index one : classes)
      ++survey.classes[one].images;
  std::map<std::pair<Index, Index>, std::size_t> told;  // images that know the same
  for (const Image& image : set.images)
    ++told[{image.known, image.open}];
  for (const auto& [classes, images] : told) {
    for (Index one = 0; one < survey.classes.size(); ++one) {
      if (!set.class_sets.has(classes.first, one)) continue;
      survey.classes[one].known += images;
      if (!set.class_sets.has(classes.second, one)) survey.classes[one].whole += images;
    }
  }
  survey.pairs = pairs_of(by_image, survey.classes);
  return survey;
}

std::vector<std::pair<Sampler, std::string>> choices(Sampler) {
  return {
      {Sampler::uniform, "uniform"}, {Sampler::repeat_factor, "repeat-factor"}, {Sampler::class_aware, "class-aware"}};
}

std::vector<double> weights_of(const Set& set, Sampler sampler, double threshold) {
  std::vector<double> weights(set.images.size(), 1);
  if (sampler == Sampler::uniform || set.images.empty()) return weights;
  const auto by_image = classes_by_image(set);
  std::vector<double> images(set.categories.size());
  for (const auto& classes : by_image)
    for (const Index one : classes)
      ++images[one];
  for (std::size_t k = 0; k < by_image.size(); ++k) {
    double weight = sampler == Sampler::repeat_factor ? 1 : 0;
    for (const Index one : by_image[k]) {
      const double share = images[one] / static_cast<double>(by_image.size());
      weight =
          sampler == Sampler::repeat_factor ? std::max(weight, std::sqrt(threshold / share)) : weight + 1 / images[one];
    }
    weights[k] = weight;
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (sum > 0)
    for (double& weight : weights)
      weight *= static_cast<double>(weights.size()) / sum;
  return weights;
}

std::vector<double> seen(const Set& set, const std::vector<double>& weights) {
  std::vector<double> shares(set.categories.size());
  const auto by_image = classes_by_image(set);
  for (std::size_t k = 0; k < by_image.size(); ++k)
    for (const Index one : by_image[k])
      shares[one] += weights[k] / static_cast<double>(by_image.size());
  return shares;
}

}  // namespace graft::detection
