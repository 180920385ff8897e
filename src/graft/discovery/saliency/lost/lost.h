// LOST, after Siméoni et al. 2021 (arXiv:2109.14279): the patch whose key agrees with the fewest others is of an
// object; those of the k such patches that agree with it say what else is; the object is what agrees with their sum and
// is connected with the first.
#pragma once

#include "graft/discovery/saliency/saliency.h"

namespace graft::discovery::lost {

struct Options {
  int64_t k = 100;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("k", o.k, "patches of fewest friends among which those of the object are looked for");
}

struct Expansion {
  int64_t seed = 0;   // of equal degrees the first patch
  at::Tensor degree;  // [N] int64: other patches with a positive product of keys
  at::Tensor sum;     // [N] float64: the products with those that the seed was expanded to
};
Expansion expand(const at::Tensor& keys, int64_t k);  // keys [N, D]

extern const SaliencyEntry entry;

}  // namespace graft::discovery::lost
