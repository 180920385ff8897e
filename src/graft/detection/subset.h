// Parts of a set that are sets again: some images, some classes, some boxes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graft/detection/set.h"

namespace graft::detection {

// What stays of each image, category and annotation. An annotation stays with its image and category alone; ids are
// kept, and so is the order. What was known of classes that go is forgotten.
struct Kept {
  std::vector<bool> images, categories, annotations;
  explicit Kept(const Set& set);  // everything
};
Set subset(const Set& set, const Kept& kept);

// Images to parts by iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011): the rarest class first, each of
// its images to the part that still wants most of it, so that each part has its share of each class's images. Images of
// one group go to one part. `shares` sum to 1.
std::vector<Index> stratified_parts(const Set& set, const std::vector<double>& shares,
                                    const std::vector<std::string>& group_of, std::uint64_t seed);

}  // namespace graft::detection
