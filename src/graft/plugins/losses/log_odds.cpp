#include "graft/plugins/losses/log_odds.h"

#include <torch/types.h>

#include <limits>

namespace graft::plugins {

at::Tensor log_odds_against(const at::Tensor& logits) {
  const at::Tensor best = logits.argmax(1, /*keepdim=*/true);     // [B, 1]
  const at::Tensor z = logits - logits.gather(1, best).detach();  // near 0 where it counts
  const at::Tensor likeliest = torch::zeros(logits.sizes(), logits.options().dtype(at::kBool)).scatter(1, best, true);
  // Of the likeliest class 1 - p may be too small for a difference: its others are summed. Of every other class p is at
  // most a half.
  const at::Tensor others = z.masked_fill(likeliest, -std::numeric_limits<double>::infinity()).logsumexp(1, true);
  const at::Tensor p = torch::softmax(z, 1).masked_fill(likeliest, 0);
  return torch::where(likeliest, others, z.logsumexp(1, /*keepdim=*/true) + (-p).log1p()) - z;
}

at::Tensor log1p_exp(const at::Tensor& x) {
  return -at::log_sigmoid(-x);
}

}  // namespace graft::plugins
