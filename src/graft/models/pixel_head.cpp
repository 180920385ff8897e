#include "graft/models/pixel_head.h"

#include <torch/types.h>

#include "graft/tensor/on_cpu.h"

namespace graft::models {

PixelHead::PixelHead(nn::Place place, int64_t features, int64_t outputs, HeadInit init, Random& random)
    : Head(features, outputs), place_(place) {
  weight = at::zeros({outputs, features}, tensor::on_cpu());
  bias = at::zeros({outputs}, tensor::on_cpu());
  start_linear(weight, bias, init, random);
  weight = register_parameter("weight", weight);
  bias = register_parameter("bias", bias);
}

at::Tensor PixelHead::frozen(const at::Tensor& features, nn::Context&) const {
  return at::linear(features.permute({0, 2, 3, 1}), weight, bias).permute({0, 3, 1, 2});
}

}  // namespace graft::models
