#include "graft/methods/drop_path.h"

#include <torch/types.h>

#include "graft/core/error.h"

namespace graft::methods {

at::Tensor drop_path(const at::Tensor& branch, double p, bool of_places, const nn::Context& context) {
  if (!context.training || p == 0) return branch;
  GRAFT_ASSERT(context.generator.has_value());
  const auto frames = context.layout.frames;
  const auto count = of_places ? branch.size(1) : branch.size(0) / frames;
  auto keep = torch::empty({count}, branch.options().requires_grad(false)).bernoulli_(1 - p, context.generator);
  keep = of_places ? keep.view({1, -1, 1}) : keep.repeat_interleave(frames).view({-1, 1, 1});
  return branch * keep / (1 - p);
}

}  // namespace graft::methods
