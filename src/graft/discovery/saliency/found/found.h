// FOUND's first stage, after Siméoni et al. 2023 (arXiv:2212.07834): not the object is looked for but the background.
// Heads that attend to little count more; the patch that the class token attends to least is background, and so is what
// is like it; the object is all the rest. The 1x1 convolution that the paper trains on these masks is left out.
#pragma once

#include "graft/discovery/saliency/saliency.h"

namespace graft::discovery::found {

struct Options {
  double tau = 0.3;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("tau", o.tau, "cosine to the background's seed above which a patch is background");
}

struct Background {
  at::Tensor weights;   // [H] float64: beta, of the heads
  at::Tensor likeness;  // [N] float64: cosine to the seed of the keys, weighted by head
  int64_t seed = 0;
};
Background background_of(const Patches& patches);  // of such as have an attention

extern const SaliencyEntry entry;

}  // namespace graft::discovery::found
