#include "graft/tensor/gated.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/tensor/activation.h"
#include "graft/tensor/shapes.h"

namespace graft::tensor {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// What comes back through the activation.
at::Tensor through(const at::Tensor& gradient, const at::Tensor& gate, Activation activation) {
  switch (activation) {
    case Activation::silu:
      return at::silu_backward(gradient, gate);
    case Activation::gelu:
      return at::gelu_backward(gradient, gate, "none");
    case Activation::gelu_tanh:
      return at::gelu_backward(gradient, gate, "tanh");
    case Activation::relu:
      return at::threshold_backward(gradient, gate, 0);
    default:
      throw InternalError("gated", "no gate of this activation");
  }
}

struct Gated : torch::autograd::Function<Gated> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, int64_t activation) {
    ctx->save_for_backward({x});
    ctx->saved_data["activation"] = activation;
    const auto parts = x.chunk(2, -1);
    return activate(parts[0], static_cast<Activation>(activation)).mul_(parts[1]);
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto x = ctx->get_saved_variables()[0];
    const auto activation = static_cast<Activation>(ctx->saved_data["activation"].toInt());
    const auto parts = x.chunk(2, -1);
    const auto dy = gradients[0].to(x.scalar_type());
    auto dx = at::empty_like(x);
    dx.narrow(-1, 0, x.size(-1) / 2).copy_(through(dy * parts[1], parts[0], activation));
    at::Tensor values = dx.narrow(-1, x.size(-1) / 2, x.size(-1) / 2);
    at::mul_out(values, dy, activate(parts[0], activation));
    return {dx, {}};
  }
};

}  // namespace

at::Tensor gated(const at::Tensor& x, Activation activation) {
  if (x.dim() < 1 || x.size(-1) % 2 != 0) {
    throw ShapeError("gated", "expected gate and value side by side, [..., 2 M], got {}.", shape_of(x));
  }
  return Gated::apply(x, static_cast<int64_t>(activation));
}

}  // namespace graft::tensor
