// Initial values of what a method adds, float32, drawn from a Random: the same seed gives the same numbers whatever
// else a process has drawn.
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/core/random.h"

namespace graft::methods {

at::Tensor uniform(at::IntArrayRef shape, double bound, Random& random);  // in [-bound, bound)
at::Tensor normal(at::IntArrayRef shape, double std, Random& random);
at::Tensor truncated_normal(at::IntArrayRef shape, double std, Random& random);  // cut at two deviations
// PyTorch's default for a linear map [out, in]: U(-1/sqrt(in), 1/sqrt(in)), which is Kaiming's with a = sqrt(5).
at::Tensor kaiming_uniform(int64_t out, int64_t in, Random& random);

}  // namespace graft::methods
