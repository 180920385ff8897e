// Dropout of the features before a head, as an insert at the head's site: it has no parameters.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "graft/methods/adaptation.h"
#include "graft/methods/dropout.h"
#include "graft/models/head.h"
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

// Puts it before a head; nothing where p is 0.
inline void add_head_dropout(Adaptation& adaptation, models::Head& head, double p, const std::string& method) {
  if (p > 0) adaptation.bindings.push_back({std::make_shared<HeadDropout>(p), {head.joint().site().path}, method});
}

}  // namespace graft::methods
