// The gate of a gated MLP (Shazeer 2020, arXiv:2002.05202).
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/tensor/activation_kind.h"

namespace graft::tensor {

// x [..., 2 M], gate and value side by side as one map writes them -> act(gate) * value [..., M] in its type. For the
// backward x alone is kept.
at::Tensor gated(const at::Tensor& x, Activation activation);

}  // namespace graft::tensor
