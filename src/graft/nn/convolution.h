// A convolution of maps, over space or over space and time, in float32 whatever the precision of the frozen maps, with
// a site around it.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>

#include "graft/nn/foldable.h"
#include "graft/nn/window.h"

namespace graft::nn {

// x [B, I, H, W] with weight [O, I, h, w], or [B, I, T, H, W] with [O, I, t, h, w]; odd sides, of whose halves zeros
// are put around the maps. bias [O] or undefined. `dilation`: the taps stand so far apart, and the zeros reach as far
// (Yu and Koltun 2016, arXiv:1511.07122); in time it is 1.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {}, Extent stride = {},
                    Extent dilation = {});

class Convolution final : public torch::nn::Module, public Foldable {
 public:
  // weight, bias, stride and dilation as above. `site`: its path and where it is; what it is itself it adds. Without a
  // path nothing is put in.
  Convolution(at::Tensor weight, Extent stride, at::Tensor bias = {}, Extent dilation = {}, Site site = {});

  at::Tensor forward(const at::Tensor& x, const Context& context = {}) const;

  int64_t outputs() const { return weight_.size(0); }
  void assign(const at::Tensor& weight, const at::Tensor& bias) override;

 private:
  Extent stride_, dilation_;
};

// Of maps as for a convolution, the largest value of each window; time is left out where maps have none.
struct MaxPool {
  Extent window, stride, padding = {0, 0};

  at::Tensor operator()(const at::Tensor& x) const;
};

}  // namespace graft::nn
