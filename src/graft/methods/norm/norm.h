// The scales and shifts of the norms alone, and the head. Frankle et al. 2021 (arXiv:2003.00152) train the batch norms
// of a random network so; here it is the layer norms of a trained one, or its batch norms, whose statistics stay.
#pragma once

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/methods/places.h"

namespace graft::methods::norm {

struct Options {
  Towers tower = Towers::reader;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("tower", o.tower,
        "whose norms: the tower's that reads the examples, the image tower's, the text tower's, or both");
}

extern const Entry entry;

}  // namespace graft::methods::norm
