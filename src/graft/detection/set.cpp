#include "graft/detection/set.h"

#include <algorithm>

namespace graft::detection {

ClassSets::ClassSets() {
  sets_.push_back(nullptr);  // kAll
  add({});                   // kEmpty
}

Index ClassSets::add(std::vector<Index> classes) {
  std::ranges::sort(classes);
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  const auto [place, is_new] = places_.try_emplace(std::move(classes), static_cast<Index>(sets_.size()));
  if (is_new) sets_.push_back(&place->first);
  return place->second;
}

bool ClassSets::has(Index set, Index category) const {
  return set == kAll || std::ranges::binary_search(*sets_[set], category);
}

bool Set::federated() const {
  return std::ranges::any_of(
      images, [](const Image& image) { return image.known != ClassSets::kAll || image.open != ClassSets::kEmpty; });
}

std::vector<std::vector<Index>> classes_by_image(const Set& set) {
  std::vector<std::vector<Index>> classes(set.images.size());
  for (const Annotation& annotation : set.annotations)
    classes[annotation.image].push_back(annotation.category);
  for (auto& one : classes) {
    std::ranges::sort(one);
    one.erase(std::unique(one.begin(), one.end()), one.end());
  }
  return classes;
}

}  // namespace graft::detection
