// The softmax's log odds against each class, where 1 - p of a class that is nearly certain keeps its digits.
#pragma once

#include <ATen/core/Tensor.h>

namespace graft::plugins {

// logits [B, C], two classes or more -> log((1 - p) / p) of each class [B, C]: the others' logsumexp minus the class's
// own logit. -log p is log1p_exp() of it, 1 - p its sigmoid.
at::Tensor log_odds_against(const at::Tensor& logits);

// log(1 + e^x), without the straight line that torch::softplus takes beyond 20.
at::Tensor log1p_exp(const at::Tensor& x);

}  // namespace graft::plugins
