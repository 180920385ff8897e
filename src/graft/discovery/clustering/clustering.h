// Rows of features into so many clusters. Named on the command line with its options: "spectral",
// "spectral:neighbours=10", "kmeans:restarts=20".
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "graft/core/options.h"
#include "graft/core/random.h"

namespace graft::discovery {

struct Clusters {
  std::vector<int64_t> of;  // each row's, from 0, in order of size: 0 is the largest; of equal ones the earlier first
  at::Tensor points;        // [n, E] float64: what k-means clustered, the rows or an embedding of them
  at::Tensor centres;       // [K, E] float64: the means of each cluster's points
  // Of the graph's normalised Laplacian, the smallest first, where there is a graph; one more than clusters at least.
  std::vector<double> eigenvalues = {};
};

class Clustering {
 public:
  virtual ~Clustering() = default;
  // rows [n, D] float32, 1 <= count <= n. The same seed gives the same clusters.
  virtual Clusters cluster(const at::Tensor& rows, int64_t count, const Random& random) const = 0;
  virtual bool has_graph() const { return false; }  // gives eigenvalues, from which a count can be read
};

struct ClusteringEntry {
  const char* name;
  const char* summary;
  const char* paper;
  const char* alone;  // the option that a text without option=value gives; empty: none
  std::vector<OptionInfo> (*options)();
  std::unique_ptr<Clustering> (*parse)(const OptionValues& values);
};

const std::vector<const ClusteringEntry*>& clusterings();  // in the order of clusterings.def
std::unique_ptr<Clustering> make_clustering(const std::string& text);

}  // namespace graft::discovery
