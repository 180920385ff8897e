// The fast bilateral solver, Barron & Poole 2016 (arXiv:1511.03296): of all maps the one that changes least between
// pixels alike in place and colour, and stays near the one that is given: lambda/2 sum_ij W_ij (x_i - x_j)^2 +
// sum_i c (x_i - t_i)^2, solved over the cells of a bilateral grid by conjugate gradients. Numbers as TokenCut and
// FOUND use it.
#pragma once

#include "graft/discovery/refinement/bilateral_grid.h"
#include "graft/discovery/refinement/refinement.h"

namespace graft::discovery::bilateral {

struct Options {
  double sigma_spatial = 16;
  double sigma_luma = 16;
  double sigma_chroma = 8;
  double lambda = 256;
  double confidence = 0.999;
  double tolerance = 1e-5;
  int64_t iterations = 25;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("sigma-spatial", o.sigma_spatial, "width of a cell of the grid in pixels");
  visit("sigma-luma", o.sigma_luma, "in brightness, of 255");
  visit("sigma-chroma", o.sigma_chroma, "in colour, of 255");
  visit("lambda", o.lambda, "how smooth the map is to be");
  visit("confidence", o.confidence, "how near to the given map it is to stay");
  visit("tolerance", o.tolerance, "relative residual at which conjugate gradients end");
  visit("iterations", o.iterations, "most of their steps");
}

// map of one number a pixel, row by row -> the same
std::vector<double> solve(const BilateralGrid& grid, const std::vector<double>& map, const Options& options);

extern const RefinementEntry entry;

}  // namespace graft::discovery::bilateral
