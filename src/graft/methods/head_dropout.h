// Dropout of the features before a head, as an insert at the head's site: it has no parameters.
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/methods/dropout.h"
#include "graft/nn/insert.h"

namespace graft::methods {

class HeadDropout final : public nn::Insert {
 public:
  explicit HeadDropout(double p) : p_(p) {}

  // features [B, E] -> logits [B, C]
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override {
    return frozen(dropout(x, p_, context));
  }

 private:
  double p_;
};

}  // namespace graft::methods
