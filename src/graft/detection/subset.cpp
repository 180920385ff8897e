#include "graft/detection/subset.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "graft/core/random.h"
#include "graft/core/shuffle.h"

namespace graft::detection {
namespace {

// New places of what stays; kNone for what goes.
std::vector<Index> places_of(const std::vector<bool>& kept) {
  std::vector<Index> places(kept.size(), kNone);
  Index next = 0;
  for (std::size_t k = 0; k < kept.size(); ++k)
    if (kept[k]) places[k] = next++;
  return places;
}

// The units that are dealt: groups of images, with how many images of each class they have.
struct Unit {
  std::vector<std::size_t> images;
  std::map<Index, std::size_t> classes;
};

std::vector<Unit> units_of(const Set& set, const std::vector<std::string>& group_of) {
  std::map<std::string, std::size_t> place;
  std::vector<Unit> units;
  std::vector<std::size_t> unit_of(set.images.size());
  for (std::size_t k = 0; k < set.images.size(); ++k) {
    const auto [at, is_new] = place.try_emplace(group_of[k], units.size());
    if (is_new || group_of[k].empty()) {  // no group: a unit of its own
      at->second = units.size();
      units.emplace_back();
    }
    unit_of[k] = at->second;
    units[at->second].images.push_back(k);
  }
  const auto classes = classes_by_image(set);
  for (std::size_t k = 0; k < classes.size(); ++k)
    for (const Index category : classes[k])
      ++units[unit_of[k]].classes[category];
  return units;
}

}  // namespace

Kept::Kept(const Set& set)
    : images(set.images.size(), true),
      categories(set.categories.size(), true),
      annotations(set.annotations.size(), true) {}

Set subset(const Set& set, const Kept& kept) {
  Set part;
  part.sources = set.sources;
  part.carried = set.carried;  // shared: nobody adds to a set that was read
  part.rest = set.rest;
  const auto categories = places_of(kept.categories), images = places_of(kept.images);
  for (std::size_t k = 0; k < set.categories.size(); ++k)
    if (kept.categories[k]) part.categories.push_back(set.categories[k]);
  std::map<Index, Index> classes = {{ClassSets::kAll, ClassSets::kAll}};
  const auto moved = [&](Index of) {
    const auto [place, is_new] = classes.try_emplace(of);
    if (is_new) {
      std::vector<Index> left;
      for (const Index one : set.class_sets.at(of))
        if (categories[one] != kNone) left.push_back(categories[one]);
      place->second = part.class_sets.add(std::move(left));
    }
    return place->second;
  };
  for (std::size_t k = 0; k < set.images.size(); ++k) {
    if (!kept.images[k]) continue;
    Image image = set.images[k];
    image.known = moved(image.known);
    image.open = moved(image.open);
    part.images.push_back(std::move(image));
  }
  for (std::size_t k = 0; k < set.annotations.size(); ++k) {
    Annotation annotation = set.annotations[k];
    if (!kept.annotations[k] || images[annotation.image] == kNone || categories[annotation.category] == kNone) continue;
    annotation.image = images[annotation.image];
    annotation.category = categories[annotation.category];
    part.annotations.push_back(annotation);
  }
  return part;
}

std::vector<Index> stratified_parts(const Set& set, const std::vector<double>& shares,
                                    const std::vector<std::string>& group_of, std::uint64_t seed) {
  const auto units = units_of(set, group_of);
  const std::size_t parts = shares.size();
  std::vector<Index> part_of(set.images.size(), kNone);
  std::vector<double> wanted(parts);  // images
  std::vector<std::vector<double>> wanted_of(parts, std::vector<double>(set.categories.size()));
  std::vector<std::vector<std::size_t>> having(set.categories.size());  // units, in a random order
  Random random(seed);
  const auto order = shuffled_order(units.size(), random.fork("units"));
  std::vector<std::size_t> left_of(set.categories.size());
  for (const std::size_t u : order) {
    for (const auto& [category, images] : units[u].classes) {
      having[category].push_back(u);
      left_of[category] += images;
    }
  }
  for (std::size_t p = 0; p < parts; ++p) {
    wanted[p] = shares[p] * static_cast<double>(set.images.size());
    for (std::size_t c = 0; c < left_of.size(); ++c)
      wanted_of[p][c] = shares[p] * static_cast<double>(left_of[c]);
  }
  Random ties = random.fork("ties");
  std::vector<bool> dealt(units.size());
  const auto deal = [&](std::size_t u, std::size_t part) {
    dealt[u] = true;
    wanted[part] -= static_cast<double>(units[u].images.size());
    for (const auto& [category, images] : units[u].classes) {
      wanted_of[part][category] -= static_cast<double>(images);
      left_of[category] -= images;
    }
    for (const std::size_t image : units[u].images)
      part_of[image] = static_cast<Index>(part);
  };
  // The part that wants most by the first measure, of those that are equal by the second, then at random.
  const auto choose = [&](const auto& first, const auto& second) {
    std::vector<std::size_t> best = {0};
    for (std::size_t p = 1; p < parts; ++p) {
      const auto key = std::pair(first(p), second(p)), held = std::pair(first(best.front()), second(best.front()));
      if (key > held)
        best = {p};
      else if (key == held)
        best.push_back(p);
    }
    return best.size() == 1 ? best.front() : best[ties.below(best.size())];
  };
  const auto images_wanted = [&](std::size_t p) { return wanted[p]; };
  while (true) {
    std::size_t rarest = left_of.size();
    for (std::size_t c = 0; c < left_of.size(); ++c)
      if (left_of[c] > 0 && (rarest == left_of.size() || left_of[c] < left_of[rarest])) rarest = c;
    if (rarest == left_of.size()) break;
    for (const std::size_t u : having[rarest])
      if (!dealt[u]) deal(u, choose([&](std::size_t p) { return wanted_of[p][rarest]; }, images_wanted));
  }
  for (const std::size_t u : order)
    if (!dealt[u]) deal(u, choose(images_wanted, images_wanted));
  return part_of;
}

}  // namespace graft::detection
