// SelfMask's voting, after Shin, Albanie & Xie 2022 (arXiv:2203.12614): a photo's patches are cut into 2, 3 and 4
// spectral clusters by several features; every cluster is a candidate, those that span the photo from side to side are
// background and dropped, and the one that agrees most with all others wins. The paper's features are those of three
// networks (MoCo v2, SwAV, DINO); here they are several of one block of one ViT, which agree more easily. The network
// that the paper then trains on the winners is left out, and where all candidates span the photo there is no object
// (the released code then votes over all).
#pragma once

#include <string>
#include <vector>

#include "graft/discovery/saliency/saliency.h"

namespace graft::discovery::selfmask {

struct Options {
  std::string of = "tokens+keys+values";
  int64_t upsample = 2;
  int64_t most = 4;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("of", o.of, "features of a patch that are clustered, each by itself: tokens, keys, values, joined by +");
  visit("upsample", o.upsample, "how much finer than the patches the candidates are, between features mixed linearly");
  visit("most", o.most, "clusters are 2 to so many");
}

// rows [N, D] -> [N, count] float64: the smallest solutions x of (W - A) x = lambda W x with A the cosines of the rows,
// stretched over all pairs from 0 to 1, and W their sums; x' W x = 1, the smallest lambda first (it is 0, its x
// constant), signs are arbitrary. A is never held: its rank is D + 1. Undefined where all cosines are the same. count
// <= N.
at::Tensor cosine_cut(const at::Tensor& rows, int64_t count);

// candidates [n, rows, columns] bool -> of those that do not span the photo's height or width the one whose IoU with
// all of them is the largest in sum, of equal ones the first; -1 where all do.
int64_t winner_of(const at::Tensor& candidates);

// rows [N, D] of a grid's patches -> [2 + ... + most, rows, columns] bool, on a grid `upsample` times as fine;
// undefined where there is no cut.
at::Tensor candidates_of(const at::Tensor& rows, nn::Grid grid, const Options& options);

extern const SaliencyEntry entry;

}  // namespace graft::discovery::selfmask
