#include "graft/plugins/losses/contrastive.h"

#include <torch/types.h>

#include <limits>

namespace graft::plugins {

at::Tensor supervised_contrastive(const at::Tensor& rows, const at::Tensor& labels, double temperature) {
  const at::Tensor self = torch::eye(rows.size(0), rows.options().dtype(at::kBool));
  const at::Tensor alike =
      (labels.unsqueeze(0) == labels.unsqueeze(1)).logical_and(self.logical_not()).to(rows.options());  // [N, N]
  const at::Tensor similar = rows.matmul(rows.t()) / temperature;
  const at::Tensor below =
      similar.masked_fill(self, -std::numeric_limits<double>::infinity()).logsumexp(1, /*keepdim=*/true);
  const at::Tensor each = ((below - similar) * alike).sum(1) / alike.sum(1).clamp_min(1);
  return each.sum();
}

at::Tensor info_nce_costs(const at::Tensor& logits) {
  return 0.5 * (logits.logsumexp(1, /*keepdim=*/true) + logits.logsumexp(0, /*keepdim=*/true)) - logits;
}

at::Tensor siglip_costs(const at::Tensor& logits) {
  const at::Tensor untrue = -at::log_sigmoid(-logits);
  return -at::log_sigmoid(logits) - untrue + untrue.sum(1, /*keepdim=*/true);
}

}  // namespace graft::plugins
