// Masks whose numbers stand for nothing, clusters, scored against masks whose numbers are classes: each cluster is
// given a class by the pixels that they share, and is then scored as that class. The classes' own masks are needed for
// it: this measures a clustering and is no way to name one.
//
//   one to one  so that the sum of the intersections over unions is largest, background a cluster and a class as any
//               other (Van Gansbeke et al. 2021, arXiv:2102.06191; COMUS, Zadaianchuk et al. 2023, arXiv:2207.05027)
//   majority    each cluster its class of the largest intersection over union; for more clusters than classes
//
// Memory: a few cells a photo and a table of clusters by classes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/interval.h"
#include "graft/core/random.h"
#include "graft/data/masks.h"

namespace graft::tasks {

// Pixels of one cluster and one class in a photo.
struct Cell {
  std::uint8_t cluster = 0, of_class = 0;
  int64_t pixels = 0;
  bool operator==(const Cell&) const = default;
};
using PhotoCells = std::vector<Cell>;  // by cluster, then class

// `told` at the truth's size, its nearest pixel as Pillow takes it, 255 as cluster 0; none: all of it is cluster 0.
data::Mask told_beside(const data::Mask* told, const data::Mask& truth);

// Of masks of one size. What the truth does not tell is not counted.
PhotoCells cells_of(const data::Mask& told, const data::Mask& truth);

// [clusters, classes] pixels of some photos together.
struct ClusterTable {
  int64_t clusters = 0, classes = 0;
  std::vector<int64_t> pixels;  // [cluster * classes + class]
  int64_t at(int64_t cluster, int64_t of_class) const {
    return pixels[static_cast<size_t>(cluster * classes + of_class)];
  }
};
ClusterTable table_of(const std::vector<PhotoCells>& photos, int64_t clusters, int64_t classes);

enum class Matching { one_to_one, majority };
std::vector<std::pair<Matching, std::string>> choices(Matching);

// The class of each cluster; -1: it got none, and its pixels are told to be nothing.
std::vector<int64_t> match_clusters(const ClusterTable& table, Matching matching);

struct ClusterScores {
  double miou = 0, accuracy = 0;        // over the classes that are there or are told; over the pixels
  std::vector<double> iou;              // of each class; NaN: it neither is there nor is told
  std::vector<int64_t> truth, correct;  // pixels of each class
};
ClusterScores score_clusters(const ClusterTable& table, const std::vector<int64_t>& class_of);

// Matched on one half of the photos and scored on the other, both ways, and the mean of the two: what is left where no
// pixel is matched by its own truth. Halves are drawn.
ClusterScores score_by_halves(const std::vector<PhotoCells>& photos, int64_t clusters, int64_t classes,
                              Matching matching, Random random);

// 95 % by drawing photos with replacement, the clusters matched as they are: of miou and accuracy.
std::array<Interval, 2> intervals_over_photos(const std::vector<PhotoCells>& photos, int64_t classes,
                                              const std::vector<int64_t>& class_of, const Random& random,
                                              int64_t resamples = 1000);

}  // namespace graft::tasks
