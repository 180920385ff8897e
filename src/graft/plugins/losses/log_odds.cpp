#include "graft/plugins/losses/log_odds.h"

#include <torch/types.h>

#include <limits>

namespace graft::plugins {

at::Tensor log_odds_against(const at::Tensor& logits) {
  const at::Tensor all = logits.logsumexp(1, /*keepdim=*/true);  // [B, 1]
  const at::Tensor likeliest = torch::zeros(logits.sizes(), logits.options().dtype(at::kBool))
                                   .scatter(1, logits.argmax(1, /*keepdim=*/true), true);  // [B, C], one true a row
  // Of the likeliest class 1 - p may be too small for a difference: its others are summed. Of every other class p is at
  // most a half.
  const at::Tensor others =
      logits.masked_fill(likeliest, -std::numeric_limits<double>::infinity()).logsumexp(1, true);  // [B, 1]
  const at::Tensor p = (logits - all).exp().masked_fill(likeliest, 0);
  return torch::where(likeliest, others, all + (-p).log1p()) - logits;
}

at::Tensor log1p_exp(const at::Tensor& x) {
  return -at::log_sigmoid(-x);
}

}  // namespace graft::plugins
