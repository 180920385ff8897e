// Focal loss, after Lin et al. 2017 (arXiv:1708.02002), eq. 4, over a softmax: -(1 - p)^gamma log p of the label. There
// it is stated for a sigmoid a class; the weights alpha of classes are left out.
#pragma once

#include "graft/plugins/losses/loss.h"

namespace graft::plugins::focal {

struct Options {
  double gamma = 2;  // 0: cross-entropy
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("gamma", o.gamma, "how far photos that are already right count less; 0: cross-entropy");
}

extern const LossEntry entry;

}  // namespace graft::plugins::focal
