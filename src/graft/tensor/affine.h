// Numbers scaled and shifted over the last dimension, with the activation behind them in the same pass: what stands
// behind a frozen map where features are rescaled (SSF, Lian et al. 2022, arXiv:2210.08823; (IA)3, Liu et al. 2022,
// arXiv:2205.05638).
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/tensor/activation.h"

namespace graft::tensor {

// act(x scale + shift): x [..., n], scale and shift [n] -> [..., n] in the type of x. All three get gradients; for them
// x alone is kept. ShapeError where a width does not fit.
at::Tensor affine(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, Activation = Activation::none);

}  // namespace graft::tensor
