// What a self-supervised ViT attends to, after Caron et al. 2021 (arXiv:2104.14294, DINO): the patches that hold the
// first `mass` of the class token's attention. The paper looks at one head at a time; here one may be named, else it is
// the heads' mean.
#pragma once

#include "graft/discovery/saliency/saliency.h"

namespace graft::discovery::attention {

struct Options {
  double mass = 0.6;
  std::optional<int64_t> head = {};
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("mass", o.mass, "share of the attention to patches that the object holds");
  visit("head", o.head, "one head, from 0 (default: the mean of all)");
}

// attention [N] -> [N] bool: the largest, as few as hold the share `mass` of the sum, and the one that crosses it.
at::Tensor largest_mass(const at::Tensor& attention, double mass);

extern const SaliencyEntry entry;

}  // namespace graft::discovery::attention
