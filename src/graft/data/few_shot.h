// The few-shot protocol of CoOp (Zhou et al. 2022, arXiv:2109.01134, its code on Dassl): after seeding Python's random,
// `shots` photos (or texts) a class are drawn from train, classes in the order in which they first appear, then
// min(shots, 4) from val with the same stream. A class with fewer val photos than that is drawn with replacement, as
// there.
#pragma once

#include <cstdint>

#include "graft/data/dataset.h"

namespace graft::data {

// Of several classes the first counts, and an example without one is not drawn; of a number there are no shots
// (ConfigError); of photos with captions `shots` are so many pairs in all, and val stays as it is. The test split is
// left as it is. DataError when a class has fewer than `shots` train photos (there, they would be repeated). Departure:
// a data set without a val split gets its val shots from the train photos that were not drawn, as many as there are,
// since methods may choose nothing on test.
Dataset few_shot(const Dataset& dataset, std::int64_t shots, std::uint64_t seed);

// CoOp's base and new halves: the first ceil(n / 2) classes, or the rest, relabelled from 0.
Dataset base_classes(const Dataset& dataset);
Dataset new_classes(const Dataset& dataset);

}  // namespace graft::data
