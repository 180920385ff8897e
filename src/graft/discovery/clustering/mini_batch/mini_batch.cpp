#include "graft/discovery/clustering/mini_batch/mini_batch.h"

#include <torch/types.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/discovery/clustering/kmeans/kmeans.h"
#include "graft/tensor/on_cpu.h"

namespace graft::discovery::mini_batch {
namespace {

constexpr int64_t kStartsFrom = 3;  // batches, or rows a cluster: what the first centres are drawn from

at::Tensor drawn_rows(const at::Tensor& points, int64_t count, Random& random) {
  auto places = at::empty({count}, tensor::on_cpu(at::kLong));
  auto* place = places.data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i)
    place[i] = static_cast<int64_t>(random.below(static_cast<uint64_t>(points.size(0))));
  return points.index_select(0, places);
}

class MiniBatch final : public Clustering {
 public:
  explicit MiniBatch(Options options) : options_(options) {
    if (options_.batch < 1) throw ConfigError("mini-batch", "batch {}: expected 1 or more.", options_.batch);
    if (options_.epochs < 1) throw ConfigError("mini-batch", "epochs {}: expected 1 or more.", options_.epochs);
    if (options_.restarts < 1) throw ConfigError("mini-batch", "restarts {}: expected 1 or more.", options_.restarts);
  }

  Clusters cluster(const at::Tensor& rows, int64_t count, const Random& random) const override {
    const auto points = rows.to(at::kDouble);
    const auto middle = points.mean(0, true);
    const auto centred = points - middle;
    kmeans::Means best;
    best.sum = std::numeric_limits<double>::infinity();
    for (int64_t restart = 0; restart < options_.restarts; ++restart) {
      auto means = once(centred, count, random.fork(static_cast<uint64_t>(restart)));
      if (means.sum < best.sum) best = std::move(means);
    }
    best.centres = best.centres + middle;
    return kmeans::by_size(points, best);
  }

 private:
  kmeans::Means once(const at::Tensor& points, int64_t count, Random random) const {
    const auto rows = points.size(0), batch = std::min(options_.batch, rows);
    const auto sample = std::min(rows, std::max(kStartsFrom * batch, kStartsFrom * count));
    auto centres = kmeans::first_centres(sample == rows ? points : drawn_rows(points, sample, random), count,
                                         random.fork("centres"));
    auto seen = at::zeros({count, 1}, points.options());
    const auto steps = (options_.epochs * rows + batch - 1) / batch;
    for (int64_t step = 0; step < steps; ++step) {
      stop_if_asked();
      const auto drawn = drawn_rows(points, batch, random);
      const auto squared = centres.square().sum(1) - 2 * at::mm(drawn, centres.t());
      const auto nearest = squared.argmin(1);
      const auto sums = at::zeros_like(centres).index_add_(0, nearest, drawn);
      const auto counts = at::bincount(nearest, {}, count).to(at::kDouble).unsqueeze(1);
      // One by one, steps of 1 / n make each centre the mean of all that it has had.
      const auto after = seen + counts;
      centres = at::where(after.gt(0), (centres * seen + sums) / after.clamp_min(1), centres);
      seen = after;
    }
    return kmeans::step_from(points, centres);
  }

  Options options_;
};

}  // namespace

extern const ClusteringEntry entry = {
    .name = "mini-batch",
    .summary = "k-means by small batches, for many rows",
    .paper = "Sculley 2010, doi:10.1145/1772690.1772862",
    .alone = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Clustering> {
      return std::make_unique<MiniBatch>(read_options<Options>("mini-batch", values));
    },
};

}  // namespace graft::discovery::mini_batch
