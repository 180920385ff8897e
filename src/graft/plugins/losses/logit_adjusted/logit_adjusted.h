// Logit-adjusted softmax cross-entropy, after Menon et al. 2020 (arXiv:2007.07314), eq. 10: while training, tau times
// the log of each class's share of the training examples is added to its logit. Answers are read from the logits as
// they are, so that a rare class is not held down by its rarity.
#pragma once

#include "graft/plugins/losses/loss.h"

namespace graft::plugins::logit_adjusted {

struct Options {
  double tau = 1;  // the paper's
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("tau", o.tau, "how much of the classes' shares is taken out; 0: cross-entropy");
}

extern const LossEntry entry;

}  // namespace graft::plugins::logit_adjusted
