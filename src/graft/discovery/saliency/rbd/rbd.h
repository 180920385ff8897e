// Robust background detection, after Zhu, Liang, Wei & Sun, Saliency Optimization from Robust Background Detection
// (CVPR 2014, DOI 10.1109/CVPR.2014.360): a superpixel whose like, over paths of little change, reach the photo's
// border far out of proportion to their area is background; contrast to what is background is saliency; and a least
// squares fit makes both agree with colours that touch. Pixels are all that it reads. The released code clips small
// steps of a path and cuts low contrasts off; the paper does neither, nor does this.
#pragma once

#include "graft/discovery/saliency/saliency.h"
#include "graft/discovery/saliency/superpixels.h"

namespace graft::discovery::rbd {

struct Options {
  SuperpixelOptions parts;
  double sigma_colour = 10;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  fields(visit, o.parts);
  visit("sigma-colour", o.sigma_colour, "distance in Lab within which colours are alike");
}

struct Background {
  at::Tensor connectivity;  // [n] float64: length along the border over the root of the area, eq. 4
  at::Tensor contrast;      // [n] float64: to what is background, eq. 7, over its largest
  at::Tensor saliency;      // [n] float64 from 0 to 1: the minimum of eq. 9
};
Background background_of(const Superpixels& parts, double sigma_colour);

extern const SaliencyEntry entry;

}  // namespace graft::discovery::rbd
