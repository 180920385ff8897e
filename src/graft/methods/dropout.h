// Dropout (Srivastava et al. 2014) that draws from the context's generator, so that a resumed run repeats it.
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/nn/insert.h"

namespace graft::methods {

// Each number is 0 with probability p, else divided by 1 - p; x itself outside training or for p = 0.
at::Tensor dropout(const at::Tensor& x, double p, const nn::Context& context);

}  // namespace graft::methods
