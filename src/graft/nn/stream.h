// The residual stream on its way through the blocks. A change is not added at once but together with the norm that
// follows, in one pass over memory.
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/nn/norm.h"

namespace graft::nn {

class Stream {
 public:
  // x [B, T, D] float32, and a change of any type that is still to be added to it, if there is one
  explicit Stream(at::Tensor x, at::Tensor change = {}) : x_(std::move(x)), change_(std::move(change)) {}

  const at::Tensor& value();                 // with all changes added
  at::Tensor normed(const LayerNorm& norm);  // norm(value()), in the type that the next map multiplies
  void add(at::Tensor change);               // [B, T, D], any type

  const at::Tensor& x() const { return x_; }  // the value is x + change; change may be undefined
  const at::Tensor& change() const { return change_; }

 private:
  at::Tensor x_, change_;
};

}  // namespace graft::nn
