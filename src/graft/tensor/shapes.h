// Shapes in error messages.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace graft::tensor {

std::string shape_of(const at::Tensor&);  // "[2, 257, 384]"

}  // namespace graft::tensor
