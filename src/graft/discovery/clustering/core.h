// Which rows are of their cluster's core: those nearest to its centre, as COMUS takes them (Zadaianchuk et al. 2023,
// arXiv:2207.05027).
#pragma once

#include <vector>

#include "graft/discovery/clustering/clustering.h"

namespace graft::discovery {

// Cosine distance of each row's point to its centre.
std::vector<double> distances_to_centre(const Clusters& clusters);

// Strictly below the cluster's `percentile` of the distances, as numpy.percentile interpolates; 100: all. Where that
// leaves nothing of a cluster, as of a single row, those at the smallest distance.
std::vector<bool> core_of(const Clusters& clusters, const std::vector<double>& distances, double percentile);

}  // namespace graft::discovery
