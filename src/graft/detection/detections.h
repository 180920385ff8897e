// What a detector says of a set's images, in COCO's form of results: a list of {"image_id", "category_id", "bbox",
// "score"} (or "segmentation" in runs, or "keypoints", in place of a box).
#pragma once

#include <filesystem>

#include "graft/detection/findings.h"
#include "graft/detection/set.h"

namespace graft::detection {

// In the file's order. Rows of images or categories that the set lacks, without a score or without a place, are left
// out and told; so is a suspicion that boxes are no pixels or no widths, and categories no ids.
Detections read_detections(const std::filesystem::path& path, const Set& set, Findings& findings);
void write_detections(const std::filesystem::path& path, const Set& set, const Detections& detections);

}  // namespace graft::detection
