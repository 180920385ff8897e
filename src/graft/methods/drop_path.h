// Stochastic depth (Huang et al. 2016, arXiv:1603.09382): a branch that is left out for some examples while training.
// Draws from the context's generator, so that a resumed run repeats it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "graft/nn/insert.h"

namespace graft::methods {

// branch [B * frames, T, D]: with probability p a clip's is 0, all its frames together, else it is divided by 1 - p.
// With `of_places` it is the branch of one of the T places, in all examples of the batch. Itself outside training.
at::Tensor drop_path(const at::Tensor& branch, double p, bool of_places, const nn::Context& context);

}  // namespace graft::methods
