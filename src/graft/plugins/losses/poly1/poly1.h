// Poly-1, after Leng et al. 2022 (arXiv:2204.12511), eq. 6 and section 5: the first coefficient of the loss's
// polynomial in 1 - p is changed by epsilon. Of cross-entropy -log p + epsilon (1 - p), of the focal loss
// -(1 - p)^gamma log p + epsilon (1 - p)^(gamma + 1).
#pragma once

#include "graft/plugins/losses/loss.h"

namespace graft::plugins::poly1 {

struct Options {
  double epsilon = 1;
  double gamma = 0;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("epsilon", o.epsilon, "what is added to the first coefficient; 0: the loss as it was");
  visit("gamma", o.gamma, "of the focal loss that is changed; 0: cross-entropy");
}

extern const LossEntry entry;

}  // namespace graft::plugins::poly1
