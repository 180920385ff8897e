#include "graft/tensor/activation.h"

#include <torch/types.h>

#include "graft/core/error.h"

namespace graft::tensor {

at::Tensor activate(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return at::relu(x);
    case Activation::gelu:
      return at::gelu(x);
    case Activation::gelu_tanh:
      return at::gelu(x, "tanh");
    case Activation::quick_gelu:
      return x * at::sigmoid(1.702 * x);
    case Activation::silu:
      return at::silu(x);
  }
  throw InternalError("tensor", "an activation without a form: {}", static_cast<int>(activation));
}

}  // namespace graft::tensor
