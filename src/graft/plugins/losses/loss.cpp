#include "graft/plugins/losses/loss.h"

#include <torch/types.h>

namespace graft::plugins {

at::Tensor Loss::sum(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing) const {
  const at::Tensor each = of_labels(logits);
  if (labels.dim() == 2) return (shares_of(labels, logits, label_smoothing) * each).sum();
  const at::Tensor own = each.gather(1, labels.unsqueeze(1)).sum();
  if (label_smoothing == 0) return own;
  return (1 - label_smoothing) * own + label_smoothing / static_cast<double>(logits.size(1)) * each.sum();
}

double Loss::weight(const at::Tensor& labels) const {
  return static_cast<double>(labels.size(0));
}

at::Tensor shares_of(const at::Tensor& labels, const at::Tensor& logits, double label_smoothing) {
  const at::Tensor shares = labels.dim() == 2
                                ? labels.to(logits.options())
                                : torch::zeros(logits.sizes(), logits.options()).scatter(1, labels.unsqueeze(1), 1.0);
  if (label_smoothing == 0) return shares;
  const double even = label_smoothing / static_cast<double>(logits.size(1));
  return (1 - label_smoothing) * shares + even * shares.sum(1, /*keepdim=*/true);
}

}  // namespace graft::plugins
