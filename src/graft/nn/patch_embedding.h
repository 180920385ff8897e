// Cuts an image into patches and maps each to a token: a convolution whose stride is its kernel (Dosovitskiy et al.
// 2021, arXiv:2010.11929), computed as a linear map of the unfolded patches.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>

#include "graft/nn/linear.h"

namespace graft::nn {

class PatchEmbedding : public torch::nn::Module {
 public:
  // weight [D, channels * patch²] (a convolution's [D, channels, patch, patch], flattened), bias [D] or undefined
  PatchEmbedding(at::Tensor weight, at::Tensor bias, int64_t channels, int64_t patch, tensor::Precision precision);

  // images [B, channels, H, W], H and W multiples of the patch -> [B, H/patch * W/patch, D] float32, row by row
  at::Tensor forward(const at::Tensor& images, const Context& context) const;

  const Linear& map() const { return *map_; }
  int64_t patch() const { return patch_; }
  int64_t channels() const { return channels_; }
  int64_t numbers() const { return channels_ * patch_ * patch_; }  // in a patch

 private:
  std::shared_ptr<Linear> map_;
  int64_t channels_, patch_;
};

}  // namespace graft::nn
