// TokenCut, after Wang et al. 2022 (arXiv:2202.11539): a normalised cut of the graph of a photo's patches, joined by 1
// where the cosine of their keys is above tau and by eps elsewhere; the object is the side of the cut that holds the
// patch of the largest entry, and of that side the part connected with the patch.
#pragma once

#include "graft/discovery/saliency/normalised_cut.h"
#include "graft/discovery/saliency/saliency.h"

namespace graft::discovery::tokencut {

struct Options {
  double tau = 0.2;
  double eps = 1e-5;
  EigenSolver solver = EigenSolver::automatic;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("tau", o.tau, "cosine of two patches' keys above which they belong together");
  visit("eps", o.eps, "what joins all others");
  visit("solver", o.solver, "of the eigenvector: dense, lanczos, or by the number of patches (auto)");
}

// keys [N, D] -> [N, N] float64
at::Tensor affinity(const at::Tensor& keys, const Options& options);

// The cut's vector, [N] float64, as the paper turns it: its largest entry by size is of the object. Undefined where
// all patches are alike, or none is like any other.
at::Tensor turned_cut(const at::Tensor& keys, const Options& options);

extern const SaliencyEntry entry;

}  // namespace graft::discovery::tokencut
