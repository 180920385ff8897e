// Saliency by an absorbing Markov chain, after Jiang, Zhang, Lu, Yang & Yang (ICCV 2013, DOI 10.1109/ICCV.2013.209): a
// walk from superpixel to superpixel prefers like colours, and ends where it reaches a copy of one of the border; what
// it starts from is the more salient the longer it goes. Pixels are all that it reads. Distances of colours are taken
// over the largest between two that are linked, as the paper's sigma wants them.
#pragma once

#include "graft/discovery/saliency/saliency.h"
#include "graft/discovery/saliency/superpixels.h"

namespace graft::discovery::mc {

struct Options {
  SuperpixelOptions parts = {.superpixels = 250};
  double sigma2 = 0.1;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  fields(visit, o.parts);
  visit("sigma2", o.sigma2, "of a step's weight exp(-distance of colours / sigma2)");
}

struct Absorption {
  at::Tensor time;    // [n] float64: expected steps until the walk ends, T 1 with T = (I - Q)^-1, eq. 3 and 4
  double spread = 0;  // of the saliency over its ten levels, section 4.3: 1 where all is at the ends, 5.5 in the middle
  // [n]: T u with u of the chain's recurrence times (section 4.3) where the spread is 2 or more, else the time
  at::Tensor saliency;
};
Absorption absorption_of(const Superpixels& parts, double sigma2);

extern const SaliencyEntry entry;

}  // namespace graft::discovery::mc
