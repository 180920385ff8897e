// The graph of each row's nearest rows, exact, in bounded memory, and the products with its normalised Laplacian.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace graft::discovery {

// A symmetric sparse matrix, row by row.
struct Graph {
  std::vector<int64_t> begin;    // [n + 1]: of each row in the two below
  std::vector<int32_t> columns;  // ascending in a row
  std::vector<double> weights;
  int64_t nodes() const { return static_cast<int64_t>(begin.size()) - 1; }
};

// rows [n, D] -> the `count` nearest of each by Euclid, itself the first, [n, count] int64; of equal ones which is left
// open.
at::Tensor nearest_rows(const at::Tensor& rows, int64_t count);

// (G + G') / 2 of the graph G that has a 1 where a row is among another's nearest.
Graph symmetric_graph(const at::Tensor& nearest);

// I - D^-1/2 W D^-1/2, as scipy.sparse.csgraph.laplacian(normed=True) has it: what joins a node with itself counts
// for nothing, and a node that nothing joins has a row of zeros.
class NormalisedLaplacian {
 public:
  explicit NormalisedLaplacian(const Graph& graph);
  at::Tensor times(const at::Tensor& x) const;                    // [n, m] float64 -> the same
  at::Tensor dense() const;                                       // [n, n]
  const at::Tensor& root_degree() const { return root_degree_; }  // [n, 1] float64; 1 where nothing joins
  int64_t nodes() const { return graph_.nodes(); }

 private:
  Graph graph_;  // of D^-1/2 W D^-1/2 without its diagonal
  std::vector<bool> alone_;
  at::Tensor root_degree_;
};

}  // namespace graft::discovery
