// How a teacher's features of a batch lie to each other, whatever their width (Park et al. 2019, RKD,
// arXiv:1904.05068): the distances of two examples over the mean distance of the batch (eq. 4 to 6), and the cosine of
// the angle that three of them make (eq. 7 to 9). Student and teacher are compared by the Huber loss with its corner
// at 1. It is the mean over all ordered pairs and triples, also those that name an example twice and give 0, as in the
// authors' code, for which their weights of 25 and 50 were found; a batch's sum is as many times that as it has
// examples.
#pragma once

#include "graft/plugins/distillation/distillation.h"

namespace graft::plugins::relational {

struct Options {
  double distance = 25;
  double angle = 50;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("distance", o.distance, "what the distances count beside the task's loss; 0: they are not asked");
  visit("angle", o.angle, "what the angles count, likewise");
}

extern const DistillationEntry entry;

}  // namespace graft::plugins::relational
