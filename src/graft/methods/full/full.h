// Full fine-tuning: every parameter of a tower, and the head. The yardstick of the other methods; from scratch, the
// yardstick of pre-training.
#pragma once

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/methods/places.h"

namespace graft::methods::full {

struct Options {
  Towers tower = Towers::reader;
  bool from_scratch = false;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("tower", o.tower, "what trains: the tower that reads the examples, the image tower, the text tower, or both");
  visit("from-scratch", o.from_scratch,
        "of the model take the shape alone: its weights are drawn anew before training");
}

extern const Entry entry;

}  // namespace graft::methods::full
