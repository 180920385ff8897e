// The activations that a frozen map can end in, and their plain form.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

namespace graft::tensor {

enum class Activation {
  none,
  relu,
  gelu,        // x Phi(x), by the error function
  gelu_tanh,   // its tanh approximation (GPT-2, SigLIP)
  quick_gelu,  // x sigmoid(1.702 x) (OpenAI's CLIP)
  silu,
};

std::string_view to_string(Activation);

// act(x), any shape and floating type, differentiable.
at::Tensor activate(const at::Tensor& x, Activation);

}  // namespace graft::tensor
