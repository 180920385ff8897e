// The residual stream on its way through the blocks. A change is not added at once but together with the norm that
// follows, in one pass over memory.
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/nn/norm.h"

namespace graft::nn {

class Stream {
 public:
  explicit Stream(at::Tensor x) : x_(std::move(x)) {}  // [B, T, D] float32

  const at::Tensor& value();           // with all changes added
  at::Tensor normed(LayerNorm& norm);  // norm(value()), in the type that the next map multiplies
  void add(at::Tensor change);         // [B, T, D], any type

 private:
  at::Tensor x_, change_;  // the value is x + change; change may be undefined
};

}  // namespace graft::nn
