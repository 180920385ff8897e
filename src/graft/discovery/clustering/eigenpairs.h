// The smallest eigenvalues of a graph's normalised Laplacian and their vectors: all at once where there are few nodes,
// else by subspace iteration with Chebyshev's filter (Zhou, Saad, Tiago & Chelikowsky 2006), which finds eigenvalues
// that several clusters share, as a single sequence of Lanczos' does not.
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/core/random.h"
#include "graft/discovery/clustering/neighbours.h"

namespace graft::discovery {

struct Eigenpairs {
  at::Tensor values;   // [m] float64, the smallest first
  at::Tensor vectors;  // [n, m] float64, orthonormal
};

enum class EigenWay { automatic, dense, iterated };

// 1 <= count <= nodes. Of the first `exact` the vectors are settled (to 1e-7), of the others the values alone (to
// 1e-8), which costs much less for the one behind a gap. DivergenceError where the iteration does not settle.
Eigenpairs smallest_eigenpairs(const NormalisedLaplacian& laplacian, int64_t count, int64_t exact, const Random& random,
                               EigenWay way = EigenWay::automatic);

}  // namespace graft::discovery
