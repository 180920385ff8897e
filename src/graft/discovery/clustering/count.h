// How many clusters there are, for who cannot say: where the eigenvalues of the graph leap, and how much nearer rows
// are to their own cluster than to the next (Rousseeuw 1987). Both are hints.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace graft::discovery {

// eigenvalues, the smallest first -> the count k >= 2 after which comes the largest step; 1 where there are fewer than
// three.
int64_t count_by_eigengap(const std::vector<double>& eigenvalues);

// Mean silhouette by Euclid of points [n, E] float64 in two clusters or more, from -1 to 1; of more than `most` points
// of every so many-th. 0 for rows that are alone in their cluster.
double silhouette(const at::Tensor& points, const std::vector<int64_t>& of, int64_t most = 4000);

}  // namespace graft::discovery
