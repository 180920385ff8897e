// A TimeSformer block of divided attention (Bertasius et al. 2021, arXiv:2102.05095, section 3): patches attend over
// time at their own place, then over space in their own frame together with the clip's class token, then the MLP. As in
// its authors' code a linear map stands behind the attention over time, and the class token's change is the mean of
// those that it gets in each frame.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "graft/nn/joint.h"
#include "graft/nn/linear.h"
#include "graft/nn/norm.h"

namespace graft::models {

struct DividedParts {
  std::shared_ptr<nn::LayerNorm> temporal_norm, norm1, norm2;
  std::shared_ptr<nn::Linear> temporal_qkv, temporal_proj, temporal_fc;  // [3D, D], [D, D], [D, D]
  std::shared_ptr<nn::Linear> qkv, proj, fc1, fc2;
  int64_t heads = 1;
  int64_t frames = 1;
  tensor::Activation activation = tensor::Activation::gelu;
};

class DividedBlock final : public torch::nn::Module {
 public:
  // Parameters: temporal_norm.*, temporal_attn.qkv.*, temporal_attn.proj.*, temporal_fc.*, norm1.*, attn.qkv.*,
  // attn.proj.*, norm2.*, mlp.fc1.*, mlp.fc2.*
  DividedBlock(DividedParts parts, nn::Site temporal, nn::Site attn, nn::Site mlp);

  // x [B, 1 + N * T, D] float32: the class token, then the patches, each with its T frames one after another
  at::Tensor forward(const at::Tensor& x, const nn::Context& context) const;

  std::vector<nn::Joint*> joints();  // in order of computation

 private:
  at::Tensor attend(const nn::Linear& qkv, const nn::Linear& proj, const at::Tensor& normed,
                    const nn::Context& context) const;

  DividedParts parts_;
  nn::Joint temporal_, attn_, mlp_;
};

}  // namespace graft::models
