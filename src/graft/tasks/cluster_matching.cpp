#include "graft/tasks/cluster_matching.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "graft/core/error.h"
#include "graft/core/shuffle.h"
#include "graft/data/resize_weights.h"
#include "graft/statistics/assignment.h"
#include "graft/statistics/bootstrap.h"

namespace graft::tasks {
namespace {

// What scores are made of, for each class.
struct Sides {
  std::vector<int64_t> truth, told, both;
  explicit Sides(int64_t classes)
      : truth(static_cast<size_t>(classes)), told(static_cast<size_t>(classes)), both(static_cast<size_t>(classes)) {}

  void add(int64_t cluster_class, int64_t of_class, int64_t pixels) {
    truth[static_cast<size_t>(of_class)] += pixels;
    if (cluster_class < 0) return;
    told[static_cast<size_t>(cluster_class)] += pixels;
    if (cluster_class == of_class) both[static_cast<size_t>(of_class)] += pixels;
  }
};

double ratio(int64_t part, int64_t of) {
  return of > 0 ? static_cast<double>(part) / static_cast<double>(of) : std::numeric_limits<double>::quiet_NaN();
}

ClusterScores summed(const Sides& sides) {
  ClusterScores scores;
  scores.truth = sides.truth;
  scores.correct = sides.both;
  int64_t right = 0, all = 0, there = 0;
  double sum = 0;
  for (size_t c = 0; c < sides.truth.size(); ++c) {
    const auto iou = ratio(sides.both[c], sides.truth[c] + sides.told[c] - sides.both[c]);
    scores.iou.push_back(iou);
    right += sides.both[c];
    all += sides.truth[c];
    if (!std::isfinite(iou)) continue;
    sum += iou;
    ++there;
  }
  scores.miou = there > 0 ? sum / static_cast<double>(there) : std::numeric_limits<double>::quiet_NaN();
  scores.accuracy = ratio(right, all);
  return scores;
}

// [clusters, classes]
std::vector<double> unions_of(const ClusterTable& table) {
  std::vector<int64_t> of_cluster(static_cast<size_t>(table.clusters)), of_class(static_cast<size_t>(table.classes));
  for (int64_t k = 0; k < table.clusters; ++k) {
    for (int64_t c = 0; c < table.classes; ++c) {
      of_cluster[static_cast<size_t>(k)] += table.at(k, c);
      of_class[static_cast<size_t>(c)] += table.at(k, c);
    }
  }
  std::vector<double> iou;
  for (int64_t k = 0; k < table.clusters; ++k) {
    for (int64_t c = 0; c < table.classes; ++c) {
      const auto both = table.at(k, c);
      const auto either = of_cluster[static_cast<size_t>(k)] + of_class[static_cast<size_t>(c)] - both;
      iou.push_back(either > 0 ? static_cast<double>(both) / static_cast<double>(either) : 0);
    }
  }
  return iou;
}

}  // namespace

std::vector<std::pair<Matching, std::string>> choices(Matching) {
  return {{Matching::one_to_one, "one-to-one"}, {Matching::majority, "majority"}};
}

data::Mask told_beside(const data::Mask* told, const data::Mask& truth) {
  data::Mask at{truth.width, truth.height, std::vector<uint8_t>(truth.classes.size()), {}};
  if (!told) return at;
  const auto positions = [](int from, int to) {
    return data::nearest_positions(from, 0, static_cast<float>(from), to, 0, to);
  };
  const auto columns = positions(told->width, truth.width), rows = positions(told->height, truth.height);
  auto* pixel = at.classes.data();
  for (const int y : rows) {
    const auto* row = told->classes.data() + static_cast<size_t>(y) * static_cast<size_t>(told->width);
    for (const int x : columns)
      *pixel++ = row[x] == io::kIgnoredClass ? 0 : row[x];
  }
  return at;
}

PhotoCells cells_of(const data::Mask& told, const data::Mask& truth) {
  GRAFT_ASSERT(told.classes.size() == truth.classes.size());
  std::vector<int64_t> counts(256 * 256, 0);  // [cluster, class]
  for (size_t i = 0; i < truth.classes.size(); ++i)
    ++counts[told.classes[i] * size_t{256} + truth.classes[i]];
  PhotoCells cells;
  for (size_t k = 0; k < io::kIgnoredClass; ++k) {
    for (size_t c = 0; c < io::kIgnoredClass; ++c) {
      const auto pixels = counts[k * 256 + c];
      if (pixels > 0) cells.push_back({static_cast<uint8_t>(k), static_cast<uint8_t>(c), pixels});
    }
  }
  return cells;
}

ClusterTable table_of(const std::vector<PhotoCells>& photos, int64_t clusters, int64_t classes) {
  ClusterTable table{clusters, classes, std::vector<int64_t>(static_cast<size_t>(clusters * classes))};
  for (const auto& photo : photos) {
    for (const auto& cell : photo) {
      GRAFT_ASSERT(cell.cluster < clusters && cell.of_class < classes);
      table.pixels[static_cast<size_t>(cell.cluster * classes + cell.of_class)] += cell.pixels;
    }
  }
  return table;
}

std::vector<int64_t> match_clusters(const ClusterTable& table, Matching matching) {
  const auto iou = unions_of(table);
  if (matching == Matching::one_to_one) return statistics::best_assignment(iou, table.clusters, table.classes);
  std::vector<int64_t> class_of;
  for (int64_t k = 0; k < table.clusters; ++k) {
    const auto* row = iou.data() + k * table.classes;
    const auto* best = std::max_element(row, row + table.classes);
    class_of.push_back(table.classes > 0 && *best > 0 ? best - row : -1);
  }
  return class_of;
}

ClusterScores score_clusters(const ClusterTable& table, const std::vector<int64_t>& class_of) {
  Sides sides(table.classes);
  for (int64_t k = 0; k < table.clusters; ++k) {
    for (int64_t c = 0; c < table.classes; ++c)
      sides.add(class_of[static_cast<size_t>(k)], c, table.at(k, c));
  }
  return summed(sides);
}

ClusterScores score_by_halves(const std::vector<PhotoCells>& photos, int64_t clusters, int64_t classes,
                              Matching matching, Random random) {
  const auto order = shuffled_order(photos.size(), random);
  std::array<std::vector<PhotoCells>, 2> halves;
  for (size_t i = 0; i < order.size(); ++i)
    halves[i < order.size() / 2 ? 0 : 1].push_back(photos[order[i]]);
  std::array<ClusterScores, 2> scores;
  for (size_t h = 0; h < 2; ++h) {
    const auto class_of = match_clusters(table_of(halves[1 - h], clusters, classes), matching);
    scores[h] = score_clusters(table_of(halves[h], clusters, classes), class_of);
  }
  ClusterScores mean = scores[0];
  const auto middle = [](double a, double b) { return std::isnan(a) ? b : std::isnan(b) ? a : (a + b) / 2; };
  mean.miou = middle(scores[0].miou, scores[1].miou);
  mean.accuracy = middle(scores[0].accuracy, scores[1].accuracy);
  for (size_t c = 0; c < mean.iou.size(); ++c) {
    mean.iou[c] = middle(scores[0].iou[c], scores[1].iou[c]);
    mean.truth[c] += scores[1].truth[c];
    mean.correct[c] += scores[1].correct[c];
  }
  return mean;
}

std::array<Interval, 2> intervals_over_photos(const std::vector<PhotoCells>& photos, int64_t classes,
                                              const std::vector<int64_t>& class_of, const Random& random,
                                              int64_t resamples) {
  std::vector<double> miou, accuracy;
  for (int64_t r = 0; r < resamples; ++r) {
    Random draws = random.fork(static_cast<uint64_t>(r));
    Sides sides(classes);
    for (size_t i = 0; i < photos.size(); ++i) {
      for (const auto& cell : photos[draws.below(photos.size())])
        sides.add(class_of[cell.cluster], cell.of_class, cell.pixels);
    }
    const auto scores = summed(sides);
    if (!std::isfinite(scores.miou)) continue;  // photos of which nothing is told
    miou.push_back(scores.miou);
    accuracy.push_back(scores.accuracy);
  }
  if (miou.empty()) return {};
  return {statistics::percentile_interval(miou), statistics::percentile_interval(accuracy)};
}

}  // namespace graft::tasks
