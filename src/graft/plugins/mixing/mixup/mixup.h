// MixUp, after Zhang et al. 2018 (arXiv:1710.09412), eq. 1: lambda x_a + (1 - lambda) x_b, the labels likewise. With
// at=random it is Manifold Mixup (Verma et al. 2019, arXiv:1806.05236): of what a place between the blocks gives, drawn
// anew for each batch; here from the places that training reaches, so that frozen blocks below them run once an
// example.
#pragma once

#include "graft/plugins/mixing/mixing.h"
#include "graft/plugins/mixing/pairing.h"

namespace graft::plugins::mixup {

struct Options : Pairing {
  Options() { alpha = 0.2; }  // the paper's of ImageNet
  MixPlace at = MixPlace::input;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  fields(visit, static_cast<Pairing&>(o));
  visit("at", o.at, "the pixels, the features that training begins from, or a place drawn from there to the head");
}

// x [B, ...], kept [B] -> kept · x + (1 - kept) · x[partner], each product rounded by itself as torchvision and timm
// do.
at::Tensor blend(const at::Tensor& x, const at::Tensor& partner, const at::Tensor& kept);

extern const MixingEntry entry;

}  // namespace graft::plugins::mixup
