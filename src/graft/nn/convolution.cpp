#include "graft/nn/convolution.h"

#include <torch/types.h>

#include <vector>

namespace graft::nn {
namespace {

// Of maps with time or without.
std::vector<int64_t> sides(const Extent& extent, int64_t dimensions) {
  std::vector<int64_t> all(static_cast<size_t>(dimensions - 2), extent.space);
  if (dimensions == 5) all.front() = extent.time;
  return all;
}

}  // namespace

Convolution::Convolution(at::Tensor weight, Extent stride, at::Tensor bias, Extent dilation)
    : stride_(stride), dilation_(dilation) {
  weight_ = register_parameter("weight", std::move(weight), /*requires_grad=*/false);
  if (bias.defined()) bias_ = register_parameter("bias", std::move(bias), /*requires_grad=*/false);
}

at::Tensor Convolution::forward(const at::Tensor& x) const {
  const auto dimensions = weight_.dim();
  const auto apart = sides(dilation_, dimensions);
  std::vector<int64_t> padding;
  for (int64_t d = 2; d < dimensions; ++d)
    padding.push_back(weight_.size(d) / 2 * apart[static_cast<size_t>(d - 2)]);
  return at::convolution(x, weight_, bias_, sides(stride_, dimensions), padding, apart,
                         /*transposed=*/false, sides({0, 0}, dimensions), /*groups=*/1);
}

at::Tensor MaxPool::operator()(const at::Tensor& x) const {
  const auto d = x.dim();
  const auto kernel = sides(window, d), by = sides(stride, d), around = sides(padding, d);
  return d == 4 ? at::max_pool2d(x, kernel, by, around) : at::max_pool3d(x, kernel, by, around);
}

}  // namespace graft::nn
