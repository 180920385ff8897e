// CutMix, after Yun et al. 2019 (arXiv:1905.04899), section 3.1: a box of one photo is put into another, its centre
// anywhere, its sides sqrt(1 - lambda) of the photo's. What of it lies outside is cut off, and the label keeps the
// share of the photo that is left. Of a clip the box is the same in every frame.
#pragma once

#include "graft/plugins/mixing/box.h"
#include "graft/plugins/mixing/mixing.h"
#include "graft/plugins/mixing/pairing.h"

namespace graft::plugins::cutmix {

struct Options : Pairing {};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  fields(visit, static_cast<Pairing&>(o));
}

extern const MixingEntry entry;

}  // namespace graft::plugins::cutmix
