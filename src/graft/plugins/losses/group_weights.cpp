#include "graft/plugins/losses/group_weights.h"

#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::plugins {

GroupWeights::GroupWeights(std::int64_t groups, double eta) : eta_(eta) {
  if (!(eta > 0 && std::isfinite(eta))) throw ConfigError("train", "--group-dro {}: expected a number above 0.", eta);
  if (groups < 1) throw ConfigError("train", "--group-dro {}: there are no groups.", eta);
  weights_ = at::full({groups}, 1.0 / static_cast<double>(groups), tensor::on_cpu(at::kDouble));
}

void GroupWeights::follow(const at::Tensor& losses) {
  const torch::NoGradGuard no_grad;
  // By logarithms: q_g exp(eta L_g) of a large loss is no number.
  weights_.copy_(at::softmax(weights_.log() + eta_ * losses.to(at::kDouble), 0));
}

}  // namespace graft::plugins
