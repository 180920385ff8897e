// Full fine-tuning: every parameter of a tower, and the head. The yardstick of the other methods.
#pragma once

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/methods/places.h"

namespace graft::methods::full {

struct Options {
  Towers tower = Towers::reader;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("tower", o.tower, "what trains: the tower that reads the examples, the image tower, the text tower, or both");
}

extern const Entry entry;

}  // namespace graft::methods::full
