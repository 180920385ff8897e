// The activations that a frozen map can end in.
#pragma once

namespace graft::tensor {

enum class Activation {
  none,
  relu,
  gelu,        // x Phi(x), by the error function
  gelu_tanh,   // its tanh approximation (GPT-2, SigLIP)
  quick_gelu,  // x sigmoid(1.702 x) (OpenAI's CLIP)
  silu,
};

}  // namespace graft::tensor
