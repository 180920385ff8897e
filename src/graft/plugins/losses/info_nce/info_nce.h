// InfoNCE in both directions, as CLIP is trained (Radford et al. 2021, arXiv:2103.00020, section 2.3): contrastive.h. A
// batch's captions that are the same to the model are one text, and all its photos are right.
#pragma once

#include <optional>

#include "graft/plugins/losses/loss.h"

namespace graft::plugins::info_nce {

struct Options {
  bool learn_scale = true;
  std::optional<double> scale = {};
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("learn-scale", o.learn_scale, "whether the scale trains, or stays as it is");
  visit("scale", o.scale, "what cosines are multiplied by at the start (default: the model's own, else 1 / 0.07)");
}

extern const LossEntry entry;

}  // namespace graft::plugins::info_nce
