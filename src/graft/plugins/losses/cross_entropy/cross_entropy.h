// Cross-entropy: -log p of the label, each class with a weight of its own where that is asked for.
#pragma once

#include <string>

#include "graft/plugins/losses/class_counts.h"
#include "graft/plugins/losses/loss.h"

namespace graft::plugins::cross_entropy {

struct Options {
  std::string weights = {};
  Normaliser normaliser = Normaliser::positives;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("weights", o.weights, "of the classes: balanced, or a number for each (default: all alike)");
  visit("normaliser", o.normaliser, "a mean over the examples, or, as PyTorch's, over their labels' weights");
}

extern const LossEntry entry;

}  // namespace graft::plugins::cross_entropy
