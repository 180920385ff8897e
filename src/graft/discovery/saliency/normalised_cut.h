// The relaxed normalised cut of a graph (Shi & Malik 2000): the second smallest solution of (D - A) x = lambda D x, by
// all eigenvectors of D^-1/2 A D^-1/2, or by Lanczos' steps from its known first one, whose cost is a few hundred
// products instead of the cube of the number of nodes.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace graft::discovery {

enum class EigenSolver {
  automatic,  // dense to 400 nodes, lanczos above
  dense,
  lanczos,  // where it does not settle in 300 steps: dense
};
std::vector<std::pair<EigenSolver, std::string>> choices(EigenSolver);

struct NormalisedCut {
  at::Tensor x;      // [N] float64, with x' D x = 1; its sign is arbitrary
  double value = 0;  // lambda
};

// affinity [N, N] float64, symmetric, of positive row sums; N >= 2.
NormalisedCut normalised_cut(const at::Tensor& affinity, EigenSolver solver);

}  // namespace graft::discovery
