// A convolution of maps, over space or over space and time, in float32 whatever the precision of the frozen maps.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>

namespace graft::nn {

// Of time, and of both sides of an image.
struct Extent {
  int64_t time = 1;
  int64_t space = 1;
  bool operator==(const Extent&) const = default;
};

class Convolution final : public torch::nn::Module {
 public:
  // weight [O, I, h, w] for maps [B, I, H, W], or [O, I, t, h, w] for maps [B, I, T, H, W]; odd extents, of whose
  // halves zeros are put around the maps. bias [O] or undefined. `dilation`: the taps stand so far apart, and the zeros
  // reach as far (Yu and Koltun 2016, arXiv:1511.07122); in time it is 1.
  Convolution(at::Tensor weight, Extent stride, at::Tensor bias = {}, Extent dilation = {});

  at::Tensor forward(const at::Tensor& x) const;

  int64_t outputs() const { return weight_.size(0); }

 private:
  at::Tensor weight_, bias_;
  Extent stride_, dilation_;
};

// Of maps as for a convolution, the largest value of each window; time is left out where maps have none.
struct MaxPool {
  Extent window, stride, padding = {0, 0};

  at::Tensor operator()(const at::Tensor& x) const;
};

}  // namespace graft::nn
