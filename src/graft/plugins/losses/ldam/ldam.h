// Label-distribution-aware margins, after Cao et al. 2019 (arXiv:1906.07413), eq. 13: the label's logit is lowered by a
// margin that goes with n^(-1/4) of its class, the largest `margin`, before the softmax. Of an example whose label is
// shared by several classes it is the weighted sum of what each would cost by itself. The authors' code gives cosines
// to it and multiplies them by 30 behind the margin (`scale`); here the logits are the head's own, and scale is 1.
// Their deferred re-weighting is `reweight-from`: from that epoch on the classes have class-balanced weights of beta
// 0.9999, and the mean is over the weights.
#pragma once

#include "graft/plugins/losses/loss.h"

namespace graft::plugins::ldam {

struct Options {
  double margin = 0.5;  // the authors' max_m
  double scale = 1;
  int64_t reweight_from = 0;
  double beta = 0.9999;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("margin", o.margin, "of the rarest class, as a difference of logits");
  visit("scale", o.scale, "what logits and margin are multiplied with");
  visit("reweight-from", o.reweight_from, "epoch, from 1, from which rare classes weigh more; 0: never");
  visit("beta", o.beta, "of those weights, as class-balanced has it");
}

extern const LossEntry entry;

}  // namespace graft::plugins::ldam
