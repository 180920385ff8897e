// How far clusters are of one kind, by true masks: a crop's class is the one that most of its region's pixels are of,
// background as any other, and a cluster's purity the share of its crops that are of its most frequent class
// (Manning, Raghavan and Schütze 2008, section 16.3).
#pragma once

#include <cstdint>
#include <vector>

#include "graft/pipelines/segment_evaluate.h"
#include "graft/pipelines/stored_discovery.h"

namespace graft::pipelines {

struct ClusterPurity {
  int64_t of_class = -1;  // of most of its crops, the first of equals; -1: of none is it known
  int64_t of_most = 0;    // crops of that class
  int64_t known = 0;      // crops whose class is known
};

// Of each cluster. A crop without a true mask, with one of another size, or of which nothing is told is not counted.
std::vector<ClusterPurity> purity_of(const StoredDiscovery& stored, const SegmentEvaluation& scored);

}  // namespace graft::pipelines
