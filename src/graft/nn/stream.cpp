#include "graft/nn/stream.h"

#include <ATen/ATen.h>

namespace graft::nn {

const at::Tensor& Stream::value() {
  if (change_.defined()) {
    x_ = x_ + change_.to(x_.scalar_type());
    change_.reset();
  }
  return x_;
}

at::Tensor Stream::normed(const LayerNorm& norm) {
  if (!change_.defined()) return norm.forward(x_);
  auto both = norm.add(x_, change_);
  x_ = std::move(both.stream);
  change_.reset();
  return std::move(both.normalised);
}

void Stream::add(at::Tensor change) {
  value();
  change_ = std::move(change);
}

}  // namespace graft::nn
