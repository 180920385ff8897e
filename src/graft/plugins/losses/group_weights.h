// Weights of groups of examples that follow their losses, so that what is made small is the loss of the worst group
// (GroupDRO: Sagawa et al. 2020, arXiv:1911.08731, Algorithm 1): after each batch q_g becomes q_g exp(eta L_g), scaled
// to sum to 1, with the mean loss L_g of the group's examples; the batch's loss is then the sum of q_g L_g. A group of
// which the batch has no example keeps its weight but for the scaling, as in the authors' program. The paper's groups
// are drawn evenly and one a step, its adjustment for their sizes (C / sqrt(n_g)) is an option: here batches are as
// they come, and the adjustment is left out.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace graft::plugins {

class GroupWeights {
 public:
  // All groups alike. ConfigError for no group, or an eta that is not above 0.
  GroupWeights(std::int64_t groups, double eta);

  // losses [G] in float64, of the batch; 0 for a group that it lacks.
  void follow(const at::Tensor& losses);

  const at::Tensor& weights() const { return weights_; }  // [G] float64, their sum 1; always the same memory
  std::int64_t size() const { return weights_.size(0); }

 private:
  at::Tensor weights_;
  double eta_;
};

}  // namespace graft::plugins
