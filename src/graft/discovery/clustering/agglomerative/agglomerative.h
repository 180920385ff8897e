// The two clusters that are nearest become one until so many are left. How near two clusters are is what their merging
// costs in squares (ward, Ward 1963), or the mean or the largest distance of their rows. Merges are found by chains of
// nearest neighbours (Murtagh 1983) in n^2 steps, over a matrix of n (n - 1) / 2 distances.
#pragma once

#include <utility>

#include "graft/discovery/clustering/clustering.h"

namespace graft::discovery::agglomerative {

enum class Linkage { ward, average, complete };
std::vector<std::pair<Linkage, std::string>> choices(Linkage);

struct Options {
  Linkage linkage = Linkage::ward;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("linkage", o.linkage, "how near two clusters are");
}

inline constexpr int64_t kMostRows = 30'000;  // whose distances take 3.6 GB

extern const ClusteringEntry entry;

}  // namespace graft::discovery::agglomerative
