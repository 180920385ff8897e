// K-means by Lloyd's steps from centres that k-means++ draws (Arthur & Vassilvitskii 2007), several times; the run of
// the smallest sum of squares is kept. A cluster that loses all its points takes the point farthest from its centre.
#pragma once

#include "graft/discovery/clustering/clustering.h"

namespace graft::discovery::kmeans {

struct Options {
  int64_t restarts = 10;
  int64_t iterations = 300;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("restarts", o.restarts, "runs from new centres, of which the best is kept");
  visit("iterations", o.iterations, "most steps of a run");
}
void check(const Options& options);  // ConfigError

struct Means {
  std::vector<int64_t> of;
  at::Tensor centres;  // [K, E] float64
  double sum = 0;      // of squared distances to the centres
};
// Points in order of what k-means++ draws: [K, E] of points [n, E] float64.
at::Tensor first_centres(const at::Tensor& points, int64_t count, Random random);
// The nearest of centres [K, E] for each point, no cluster empty, and the means that this gives. Distances lose digits
// where points are far from the origin: both are relative to the points' mean.
Means step_from(const at::Tensor& points, const at::Tensor& centres);
Means run(const at::Tensor& points, int64_t count, const Options& options, const Random& random);  // points [n, E]

// Points by cluster, with clusters in order of size.
Clusters by_size(const at::Tensor& points, const Means& means);

extern const ClusteringEntry entry;

}  // namespace graft::discovery::kmeans
