// Class-balanced loss, after Cui et al. 2019 (arXiv:1901.05555), eq. 5 to 9: each label's loss is weighted by the
// inverse of its class's effective number of training examples, over the softmax or a sigmoid a class, as cross-entropy
// (gamma 0) or focal loss. The weights' mean over the classes is 1, and the mean of a batch is over its examples.
#pragma once

#include "graft/plugins/losses/focal/focal.h"
#include "graft/plugins/losses/loss.h"

namespace graft::plugins::class_balanced {

struct Options {
  double beta = 0.9999;
  focal::Form form = focal::Form::softmax;
  double gamma = 0;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("beta", o.beta, "of the effective number (1 - beta^n) / (1 - beta); 0: all alike, towards 1: by 1 / n");
  visit("form", o.form, "over the classes together, or over each class by itself");
  visit("gamma", o.gamma, "of the focal loss that is weighted; 0: cross-entropy");
}

extern const LossEntry entry;

}  // namespace graft::plugins::class_balanced
