#include "graft/discovery/clustering/spectral/spectral.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"

namespace graft::discovery::spectral {
namespace {

class Spectral final : public Clustering {
 public:
  explicit Spectral(Options options) : options_(options) {
    kmeans::check(options_.means);
    if (options_.neighbours < 2)
      throw ConfigError("spectral", "neighbours {}: expected 2 or more, itself among them.", options_.neighbours);
  }

  bool has_graph() const override { return true; }

  Clusters cluster(const at::Tensor& rows, int64_t count, const Random& random) const override {
    const auto known = std::min(count + 1, rows.size(0));
    const auto embedding = embed(rows, known, count, options_.neighbours, random.fork("start"));
    const auto points = embedding.rows.narrow(1, 0, count).contiguous();
    auto clusters = kmeans::by_size(points, kmeans::run(points, count, options_.means, random.fork("means")));
    const auto* values = embedding.values.const_data_ptr<double>();
    clusters.eigenvalues.assign(values, values + known);
    return clusters;
  }

 private:
  Options options_;
};

}  // namespace

Embedding embed(const at::Tensor& rows, int64_t count, int64_t exact, int64_t neighbours, const Random& random,
                EigenWay way) {
  const auto most = std::max<int64_t>(2, rows.size(0) / 2);
  const NormalisedLaplacian laplacian(symmetric_graph(nearest_rows(rows, std::min(neighbours, most))));
  const auto pairs = smallest_eigenpairs(laplacian, count, exact, random, way);
  auto embedded = pairs.vectors / laplacian.root_degree();
  const auto largest = embedded.gather(0, embedded.abs().argmax(0, true));  // [1, count]
  return {embedded * at::where(largest < 0, -1.0, 1.0).to(at::kDouble), pairs.values.contiguous()};
}

extern const ClusteringEntry entry = {
    .name = "spectral",
    .summary = "means of the smallest eigenvectors of the graph of nearest neighbours",
    .paper = "von Luxburg 2007, arXiv:0711.0189",
    .alone = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Clustering> {
      return std::make_unique<Spectral>(read_options<Options>("spectral", values));
    },
};

}  // namespace graft::discovery::spectral
