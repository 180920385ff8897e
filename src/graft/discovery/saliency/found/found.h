// FOUND's first stage, after Siméoni et al. 2023 (arXiv:2212.07834): not the object is looked for but the background.
// Heads that attend to little count more; the patch that the class token attends to least is background, and so is what
// is like it; the object is all the rest. Or its second stage, which learns of the first (head.h): trained weights that
// are read, or are learned of the photos themselves.
#pragma once

#include "graft/discovery/saliency/found/head.h"
#include "graft/discovery/saliency/saliency.h"

namespace graft::discovery::found {

struct Options {
  double tau = 0.3;
  std::string head;
  bool train = false;
  HeadTraining training = {};
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("tau", o.tau, "cosine to the background's seed above which a patch is background");
  visit("head", o.head, "file of a trained head, as FOUND's authors release theirs (default: the first stage alone)");
  visit("train", o.train, "train a head on the photos themselves");
  fields(visit, o.training);
}

struct Background {
  at::Tensor weights;   // [H] float64: beta, of the heads
  at::Tensor likeness;  // [N] float64: cosine to the seed of the keys, weighted by head
  int64_t seed = 0;
};
Background background_of(const Patches& patches);  // of such as have an attention

extern const SaliencyEntry entry;

}  // namespace graft::discovery::found
