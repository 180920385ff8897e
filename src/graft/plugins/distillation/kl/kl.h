// A teacher's softened answers (Hinton, Vinyals and Dean 2015, arXiv:1503.02531, section 2):
//   (1 - alpha) * the task's loss + alpha * T² * KL(softmax(teacher / T) || softmax(student / T))
// T² keeps the gradient as large at any temperature. The paper has the cross-entropy with the teacher's answers, which
// is the KL divergence and a constant.
#pragma once

#include "graft/plugins/distillation/distillation.h"

namespace graft::plugins::kl {

struct Options {
  double temperature = 4;
  double alpha = 0.5;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("temperature", o.temperature, "what logits are divided by: above 1 small answers count more");
  visit("alpha", o.alpha, "share of the loss that the teacher has, 0 to 1; the task's own has the rest");
}

extern const DistillationEntry entry;

}  // namespace graft::plugins::kl
