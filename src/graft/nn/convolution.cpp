#include "graft/nn/convolution.h"

#include <torch/types.h>

#include <algorithm>
#include <vector>

#include "graft/core/error.h"

namespace graft::nn {
namespace {

// Of maps with time or without.
std::vector<int64_t> sides(const Extent& extent, int64_t dimensions) {
  std::vector<int64_t> all(static_cast<size_t>(dimensions - 2), extent.space);
  if (dimensions == 5) all.front() = extent.time;
  return all;
}

// A kernel of one position that strides reads every stride-th position: of those alone it need not stride. It must not
// where inputs are few: for fewer than a vector holds oneDNN 3.12's gradient of its weights writes past its workspace
// (https://github.com/uxlfoundation/oneDNN/issues/6035).
constexpr int64_t kInputsOfAVector = 16;

bool must_not_stride(const at::Tensor& weight) {
  return weight.size(1) < kInputsOfAVector && weight.numel() == weight.size(0) * weight.size(1);
}

at::Tensor every_nth(at::Tensor x, const std::vector<int64_t>& strides) {
  for (size_t d = 0; d < strides.size(); ++d)
    x = x.slice(static_cast<int64_t>(d) + 2, 0, {}, strides[d]);
  return x;
}

Site described(Site site, const at::Tensor& weight, Extent stride, Extent dilation) {
  site.kind = SiteKind::convolution;
  site.out = weight.size(0);
  site.in = weight.size(1);
  site.window = {weight.sizes().slice(2).vec(), stride, dilation};
  return site;
}

}  // namespace

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, Extent stride,
                    Extent dilation) {
  const auto dimensions = weight.dim();
  const auto apart = sides(dilation, dimensions);
  std::vector<int64_t> padding;
  for (int64_t d = 2; d < dimensions; ++d)
    padding.push_back(weight.size(d) / 2 * apart[static_cast<size_t>(d - 2)]);
  auto strides = sides(stride, dimensions);
  auto maps = x;
  if (must_not_stride(weight)) {
    maps = every_nth(maps, strides);
    std::ranges::fill(strides, 1);
  }
  return at::convolution(maps, weight, bias, strides, padding, apart, /*transposed=*/false, sides({0, 0}, dimensions),
                         /*groups=*/1);
}

Convolution::Convolution(at::Tensor weight, Extent stride, at::Tensor bias, Extent dilation, Site site)
    : Foldable(described(std::move(site), weight, stride, dilation)), stride_(stride), dilation_(dilation) {
  weight_ = register_parameter("weight", std::move(weight), /*requires_grad=*/false);
  if (bias.defined()) bias_ = register_parameter("bias", std::move(bias), /*requires_grad=*/false);
}

at::Tensor Convolution::forward(const at::Tensor& x, const Context& context) const {
  if (joint_.empty()) return convolve(x, weight_, bias_, stride_, dilation_);
  const Frozen map([this](const at::Tensor& u) { return convolve(u, weight_, bias_, stride_, dilation_); });
  return joint_.run(x, map, context);
}

void Convolution::assign(const at::Tensor& weight, const at::Tensor& bias) {
  const torch::NoGradGuard no_grad;
  weight_.copy_(weight);
  if (!bias.defined()) return;
  GRAFT_ASSERT(bias_.defined());
  bias_.copy_(bias);
}

at::Tensor MaxPool::operator()(const at::Tensor& x) const {
  const auto d = x.dim();
  const auto kernel = sides(window, d), by = sides(stride, d), around = sides(padding, d);
  return d == 4 ? at::max_pool2d(x, kernel, by, around) : at::max_pool3d(x, kernel, by, around);
}

}  // namespace graft::nn
