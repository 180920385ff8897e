// The plain form of the activations.
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/tensor/activation_names.h"

namespace graft::tensor {

// act(x), any shape and floating type, differentiable.
at::Tensor activate(const at::Tensor& x, Activation);

}  // namespace graft::tensor
