#include "graft/tensor/activation_names.h"

#include "graft/core/error.h"

namespace graft::tensor {

std::string_view to_string(Activation activation) {
  switch (activation) {
    case Activation::none:
      return "none";
    case Activation::relu:
      return "relu";
    case Activation::gelu:
      return "gelu";
    case Activation::gelu_tanh:
      return "gelu_tanh";
    case Activation::quick_gelu:
      return "quick_gelu";
    case Activation::silu:
      return "silu";
  }
  throw InternalError("tensor", "an activation without a name: {}", static_cast<int>(activation));
}

std::vector<std::pair<Activation, std::string>> choices(Activation) {
  std::vector<std::pair<Activation, std::string>> all;
  for (const auto activation :
       {Activation::gelu, Activation::quick_gelu, Activation::gelu_tanh, Activation::relu, Activation::silu}) {
    all.emplace_back(activation, to_string(activation));
  }
  return all;
}

}  // namespace graft::tensor
