// BitFit: the bias vectors alone, of linear maps and norms, and the head, after Ben Zaken et al. 2022
// (arXiv:2106.10199).
#pragma once

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/methods/places.h"

namespace graft::methods::bias {

struct Options {
  Towers tower = Towers::reader;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("tower", o.tower,
        "whose biases: the tower's that reads the examples, the image tower's, the text tower's, or both");
}

extern const Entry entry;

}  // namespace graft::methods::bias
