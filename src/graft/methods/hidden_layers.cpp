#include "graft/methods/hidden_layers.h"

#include <torch/types.h>

#include "graft/core/error.h"

namespace graft::methods {
namespace {

constexpr int64_t kMostWidth = 65536, kMostLayers = 64;

}  // namespace

at::Tensor with_unit_rms(const at::Tensor& x) {
  return x / x.square().mean(1, /*keepdim=*/true).sqrt().clamp_min(1e-8);
}

void check_hidden_layers(const char* where, int64_t width, int64_t layers) {
  if (width < 1 || width > kMostWidth) throw ConfigError(where, "--width {}: expected 1 to {}.", width, kMostWidth);
  if (layers < 1 || layers > kMostLayers)
    throw ConfigError(where, "--layers {}: expected 1 to {}.", layers, kMostLayers);
}

}  // namespace graft::methods
