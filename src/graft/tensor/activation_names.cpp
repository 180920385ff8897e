#include "graft/tensor/activation_names.h"

namespace graft::tensor {

std::vector<std::pair<Activation, std::string>> choices(Activation) {
  return {{Activation::gelu, "gelu"},
          {Activation::quick_gelu, "quick_gelu"},
          {Activation::gelu_tanh, "gelu_tanh"},
          {Activation::relu, "relu"},
          {Activation::silu, "silu"}};
}

}  // namespace graft::tensor
