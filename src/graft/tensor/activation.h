// The plain form of the activations.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

#include "graft/tensor/activation_kind.h"

namespace graft::tensor {

std::string_view to_string(Activation);

// act(x), any shape and floating type, differentiable.
at::Tensor activate(const at::Tensor& x, Activation);

}  // namespace graft::tensor
