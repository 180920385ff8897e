#include "graft/discovery/clustering/kmeans/kmeans.h"

#include <torch/types.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/signals.h"

namespace graft::discovery::kmeans {
namespace {

constexpr int64_t kMostNumbers = 4 << 20;  // of a block of distances

struct Nearest {
  at::Tensor of;         // [n] int64
  at::Tensor distances;  // [n] float64, squared
};

// Exact differences would cost n * K * E numbers; products lose digits where points are far from the origin, so all is
// taken relative to the points' mean, which run() subtracts.
Nearest nearest(const at::Tensor& points, const at::Tensor& centres) {
  const auto block = std::max<int64_t>(1, kMostNumbers / centres.size(0));
  const auto lengths = centres.square().sum(1);
  std::vector<at::Tensor> of, distances;
  for (const auto& part : points.split(block)) {
    const auto squared = (part.square().sum(1, true) + lengths - 2 * at::mm(part, centres.t())).clamp_min(0);
    const auto [least, index] = squared.min(1);
    of.push_back(index);
    distances.push_back(least);
  }
  return {at::cat(of), at::cat(distances)};
}

at::Tensor means_of(const at::Tensor& points, Nearest& nearest, int64_t count) {
  auto sizes = at::bincount(nearest.of, {}, count);
  for (int64_t cluster = 0; cluster < count; ++cluster) {
    if (sizes[cluster].item<int64_t>() > 0) continue;
    const auto far = at::where(sizes.index_select(0, nearest.of) > 1, nearest.distances, -1.0).argmax();
    nearest.of[far] = cluster;
    nearest.distances[far] = 0;
    sizes = at::bincount(nearest.of, {}, count);
  }
  const auto sums = at::zeros({count, points.size(1)}, points.options()).index_add(0, nearest.of, points);
  return sums / sizes.unsqueeze(1).to(at::kDouble);
}

Means once(const at::Tensor& points, int64_t count, int64_t iterations, Random random) {
  auto centres = first_centres(points, count, random);
  auto found = nearest(points, centres);
  for (int64_t step = 0; step < iterations; ++step) {
    stop_if_asked();
    centres = means_of(points, found, count);
    auto next = nearest(points, centres);
    const bool same = at::equal(next.of, found.of);
    found = std::move(next);
    if (same) break;
  }
  means_of(points, found, count);  // no cluster is left empty
  const auto* of = found.of.const_data_ptr<int64_t>();
  return {{of, of + found.of.size(0)}, centres, found.distances.sum().item<double>()};
}

class KMeans final : public Clustering {
 public:
  explicit KMeans(Options options) : options_(options) { check(options_); }
  Clusters cluster(const at::Tensor& rows, int64_t count, const Random& random) const override {
    const auto points = rows.to(at::kDouble);
    return by_size(points, run(points, count, options_, random));
  }

 private:
  Options options_;
};

}  // namespace

void check(const Options& options) {
  if (options.restarts < 1) throw ConfigError("kmeans", "restarts {}: expected 1 or more.", options.restarts);
  if (options.iterations < 1) throw ConfigError("kmeans", "iterations {}: expected 1 or more.", options.iterations);
}

// Each next centre is a point, by the square of its distance to those that are there.
at::Tensor first_centres(const at::Tensor& points, int64_t count, Random random) {
  const auto n = points.size(0);
  std::vector<at::Tensor> centres = {points[static_cast<int64_t>(random.below(static_cast<uint64_t>(n)))]};
  auto least = (points - centres.front()).square().sum(1);
  while (static_cast<int64_t>(centres.size()) < count) {
    const auto sums = least.cumsum(0);
    const double whole = sums[n - 1].item<double>();
    const auto* begin = sums.const_data_ptr<double>();
    // Where all points lie on centres, any point is as good.
    const auto drawn = whole > 0 ? std::upper_bound(begin, begin + n, random.uniform() * whole) - begin
                                 : static_cast<int64_t>(random.below(static_cast<uint64_t>(n)));
    centres.push_back(points[std::min<int64_t>(drawn, n - 1)]);
    least = at::minimum(least, (points - centres.back()).square().sum(1));
  }
  return at::stack(centres);
}

Means step_from(const at::Tensor& points, const at::Tensor& centres) {
  auto found = nearest(points, centres);
  auto means = means_of(points, found, centres.size(0));
  const auto* of = found.of.const_data_ptr<int64_t>();
  return {{of, of + found.of.size(0)}, std::move(means), found.distances.sum().item<double>()};
}

Means run(const at::Tensor& points, int64_t count, const Options& options, const Random& random) {
  const auto middle = points.to(at::kDouble).mean(0, true);
  const auto centred = (points.to(at::kDouble) - middle).contiguous();
  Means best;
  best.sum = std::numeric_limits<double>::infinity();
  for (int64_t restart = 0; restart < options.restarts; ++restart) {
    auto means = once(centred, count, options.iterations, random.fork(static_cast<uint64_t>(restart)));
    if (means.sum < best.sum) best = std::move(means);
  }
  best.centres = best.centres + middle;
  return best;
}

Clusters by_size(const at::Tensor& points, const Means& means) {
  const auto count = means.centres.size(0);
  std::vector<int64_t> sizes(static_cast<size_t>(count), 0), first(sizes.size(), 0), order(sizes.size()),
      rank(sizes.size());
  for (size_t i = means.of.size(); i-- > 0;) {
    ++sizes[static_cast<size_t>(means.of[i])];
    first[static_cast<size_t>(means.of[i])] = static_cast<int64_t>(i);
  }
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](int64_t cluster) {
    return std::pair(-sizes[static_cast<size_t>(cluster)], first[static_cast<size_t>(cluster)]);
  });
  for (size_t i = 0; i < order.size(); ++i)
    rank[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  Clusters clusters{.of = means.of, .points = points, .centres = {}};
  for (auto& cluster : clusters.of)
    cluster = rank[static_cast<size_t>(cluster)];
  std::vector<at::Tensor> centres;
  for (const auto cluster : order)
    centres.push_back(means.centres[cluster]);
  clusters.centres = at::stack(centres);
  return clusters;
}

extern const ClusteringEntry entry = {
    .name = "kmeans",
    .summary = "means of the rows as they are",
    .paper = "Arthur & Vassilvitskii 2007",
    .alone = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Clustering> {
      return std::make_unique<KMeans>(read_options<Options>("kmeans", values));
    },
};

}  // namespace graft::discovery::kmeans
