#include "graft/data/few_shot.h"

#include <algorithm>
#include <map>

#include "graft/data/problems.h"
#include "graft/data/python_random.h"

namespace graft::data {
namespace {

struct ClassItems {
  std::int64_t label;
  std::vector<std::size_t> items;  // places in the split
};

// Classes in the order in which they first appear; without those that have none.
std::vector<ClassItems> by_class(const std::vector<Sample>& samples) {
  std::vector<ClassItems> classes;
  std::map<std::int64_t, std::size_t> place;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples[i].label < 0) continue;
    const auto [found, is_new] = place.try_emplace(samples[i].label, classes.size());
    if (is_new) classes.push_back({samples[i].label, {}});
    classes[found->second].items.push_back(i);
  }
  return classes;
}

void take(const std::vector<Sample>& from, const ClassItems& one, const std::vector<std::size_t>& chosen,
          std::vector<Sample>& to) {
  for (const std::size_t i : chosen)
    to.push_back(from[one.items[i]]);
}

Dataset relabelled(const Dataset& dataset, std::int64_t begin, std::int64_t end) {
  Dataset part = dataset;
  part.classes = {dataset.classes.begin() + begin, dataset.classes.begin() + end};
  for (std::vector<Sample>* samples : {&part.train, &part.val, &part.test}) {
    std::erase_if(*samples, [&](const Sample& s) { return s.label < begin || s.label >= end; });
    for (Sample& sample : *samples)
      sample.label -= begin;
  }
  return part;
}

std::int64_t half(const Dataset& dataset) {
  return (static_cast<std::int64_t>(dataset.classes.size()) + 1) / 2;
}

}  // namespace

namespace {

Dataset few_pairs(const Dataset& dataset, std::int64_t pairs, std::uint64_t seed) {
  if (static_cast<std::int64_t>(dataset.train.size()) < pairs) {
    throw DataError("data", "{}: --shots {} are so many photos in all, and there are {} to train on.", dataset.name,
                    pairs, dataset.train.size());
  }
  PythonRandom random(seed);
  Dataset few = dataset;
  few.train.clear();
  for (const std::size_t i : random.sample(dataset.train.size(), static_cast<std::size_t>(pairs)))
    few.train.push_back(dataset.train[i]);
  return few;
}

}  // namespace

Dataset few_shot(const Dataset& dataset, std::int64_t shots, std::uint64_t seed) {
  if (shots < 1) throw ConfigError("data", "--shots {}: expected 1 or more.", shots);
  if (dataset.target == Target::value) {
    throw ConfigError("data", "--shots {}: are so many of each class, and {} has numbers and no classes.", shots,
                      dataset.name);
  }
  if (dataset.target == Target::caption || dataset.target == Target::mask) return few_pairs(dataset, shots, seed);
  Problems problems(dataset.name);
  const auto train_classes = by_class(dataset.train);
  for (const ClassItems& one : train_classes) {
    if (static_cast<std::int64_t>(one.items.size()) < shots) {
      problems.add("--shots {}, but class '{}' has {} train {}.", shots, dataset.classes.at(one.label),
                   one.items.size(), unit_of(dataset.reads));
    }
  }
  problems.throw_if_any();

  PythonRandom random(seed);
  const auto k = static_cast<std::size_t>(shots), val_k = std::min<std::size_t>(k, 4);
  Dataset few = dataset;
  few.train.clear();
  few.val.clear();
  std::vector<ClassItems> left_over;
  for (const ClassItems& one : train_classes) {
    const auto chosen = random.sample(one.items.size(), k);
    take(dataset.train, one, chosen, few.train);
    left_over.push_back({one.label, {}});
    for (std::size_t i = 0; i < one.items.size(); ++i) {
      if (std::ranges::find(chosen, i) == chosen.end()) left_over.back().items.push_back(one.items[i]);
    }
  }
  if (dataset.val.empty()) {
    for (const ClassItems& one : left_over) {
      take(dataset.train, one, random.sample(one.items.size(), std::min(val_k, one.items.size())), few.val);
    }
    return few;
  }
  for (const ClassItems& one : by_class(dataset.val)) {
    const std::size_t have = one.items.size();
    take(dataset.val, one, have >= val_k ? random.sample(have, val_k) : random.choices(have, val_k), few.val);
  }
  return few;
}

Dataset base_classes(const Dataset& dataset) {
  return relabelled(dataset, 0, half(dataset));
}

Dataset new_classes(const Dataset& dataset) {
  return relabelled(dataset, half(dataset), static_cast<std::int64_t>(dataset.classes.size()));
}

}  // namespace graft::data
