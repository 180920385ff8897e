// `graft segment evaluate`: masks of clusters, or of any numbers, against true masks of the same names
// (tasks/cluster_matching.h).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/interval.h"
#include "graft/core/log.h"
#include "graft/tasks/cluster_matching.h"

namespace graft::pipelines {

struct SegmentEvaluateOptions {
  std::string folder;
  std::string masks;
  std::string classes;
  bool edges = false;
  std::string html;
  int64_t seed = 1;
  int64_t workers = 2;
};
template <class Visitor>
void fields(Visitor& visit, SegmentEvaluateOptions& o) {
  visit("folder", o.folder, "folder of masks to score, or one with masks/ in it");
  visit("masks", o.masks,
        "folder of true masks, or one with masks/ in it; classes.txt beside them names their numbers");
  visit("classes", o.classes,
        "names of the true masks' numbers: a file with one a line, or a,b,c (default: classes.txt, else the numbers)");
  visit("edges", o.edges,
        "scores the masks' edges too, as wide as 2 % of a photo's diagonal (boundary IoU); reads all masks once more");
  visit("html", o.html,
        "page to write: the stages that led to the masks side by side with the truth, clusters with their purity, "
        "confusion");
  visit("seed", o.seed, "of the halves that are matched and scored apart, and of the intervals");
  visit("workers", o.workers, "threads that read masks; the numbers do not depend on it");
}

struct MatchedClusters {
  std::string matching;           // by-name, one-to-one, majority
  std::vector<int64_t> class_of;  // of each cluster, -1: none
  tasks::ClusterScores scores;
  std::array<Interval, 2> intervals;  // of miou and accuracy, over photos
  tasks::ClusterScores halves;        // matched on one half of the photos, scored on the other; by name there is none
  std::vector<double> edge_iou;       // of each class, of its edges alone; NaN as in scores; empty where not asked
  double edge_miou = 0;
};

struct SegmentEvaluation {
  int64_t photos = 0;
  int64_t missing = 0;  // of them without a mask to score: all background
  int64_t beside = 0;   // masks to score without a truth
  int64_t clusters = 0;
  std::vector<std::string> classes;
  // By name where the masks to score have a list of names, all of them the classes' own (segment words, predict); then
  // one to one, and by majority.
  std::vector<MatchedClusters> matched;
  tasks::ClusterTable table;  // pixels of each cluster and class, of all photos
  // A photo's true mask, by the mask's name, in places of the classes; none where there is no such file.
  std::function<std::optional<data::Mask>(const std::string& name)> true_mask;
  std::vector<std::string> names;  // of the true masks
};

// DataError where there are no true masks, or none of them has a mask to score; for numbers that --classes does not
// know.
SegmentEvaluation evaluate_segments(const SegmentEvaluateOptions& options, Reporter& report);

}  // namespace graft::pipelines
