#include "graft/methods/dropout.h"

#include <torch/types.h>

#include "graft/core/error.h"

namespace graft::methods {

at::Tensor dropout(const at::Tensor& x, double p, const nn::Context& context) {
  if (!context.training || p == 0) return x;
  GRAFT_ASSERT(context.generator.has_value());
  const auto keep = torch::empty(x.sizes(), x.options().requires_grad(false)).bernoulli_(1 - p, context.generator);
  return x * keep / (1 - p);
}

}  // namespace graft::methods
