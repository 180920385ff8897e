// SigLIP's loss, after Zhai et al. 2023 (arXiv:2303.15343): contrastive.h. The paper starts at a scale of 10 and a bias
// of -10, from scratch; a CLIP that is trained on starts at its own scale unless another is given.
#pragma once

#include <optional>

#include "graft/plugins/losses/loss.h"

namespace graft::plugins::siglip {

struct Options {
  bool learn_scale = true;
  std::optional<double> scale = {};
  double bias = -10;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("learn-scale", o.learn_scale, "whether scale and bias train, or stay as they are");
  visit("scale", o.scale, "what cosines are multiplied by at the start (default: the model's own, else 1 / 0.07)");
  visit("bias", o.bias, "what is added to them at the start");
}

extern const LossEntry entry;

}  // namespace graft::plugins::siglip
