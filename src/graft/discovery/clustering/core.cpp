#include "graft/discovery/clustering/core.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/statistics/bootstrap.h"
#include "graft/tensor/on_cpu.h"

namespace graft::discovery {

std::vector<double> distances_to_centre(const Clusters& clusters) {
  const auto of = torch::tensor(clusters.of, tensor::on_cpu(at::kLong));
  const auto distances =
      (1 - at::cosine_similarity(clusters.points, clusters.centres.index_select(0, of), 1, 1e-12)).contiguous();
  const auto* first = distances.const_data_ptr<double>();
  return {first, first + distances.numel()};
}

std::vector<bool> core_of(const Clusters& clusters, const std::vector<double>& distances, double percentile) {
  std::vector<std::vector<double>> by_cluster(static_cast<size_t>(clusters.centres.size(0)));
  for (size_t i = 0; i < distances.size(); ++i)
    by_cluster[static_cast<size_t>(clusters.of[i])].push_back(distances[i]);
  std::vector<double> bounds;
  for (auto& own : by_cluster) {
    std::ranges::sort(own);
    bounds.push_back(own.empty() ? 0 : statistics::quantile(own, percentile / 100));
  }
  std::vector<bool> core(distances.size());
  for (size_t i = 0; i < distances.size(); ++i) {
    const auto cluster = static_cast<size_t>(clusters.of[i]);
    const double least = by_cluster[cluster].front();
    core[i] = percentile >= 100 || distances[i] < bounds[cluster] || distances[i] == least;
  }
  return core;
}

}  // namespace graft::discovery
