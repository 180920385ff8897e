#include "graft/nn/patch_embedding.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include "graft/core/error.h"

namespace graft::nn {

// The map's parameters are ours too ("patch.weight"), so the map itself is not registered.
PatchEmbedding::PatchEmbedding(at::Tensor weight, at::Tensor bias, int64_t channels, int64_t patch,
                               tensor::Precision precision)
    : map_(std::make_shared<Linear>(Site{}, std::move(weight), std::move(bias), precision)),
      channels_(channels),
      patch_(patch) {
  register_parameter("weight", map_->weight(), /*requires_grad=*/false);
  if (map_->bias().defined()) register_parameter("bias", map_->bias(), /*requires_grad=*/false);
}

at::Tensor PatchEmbedding::forward(const at::Tensor& images, const Context& context) const {
  if (images.dim() != 4 || images.size(1) != channels_ || images.size(2) % patch_ || images.size(3) % patch_ ||
      images.size(2) < patch_ || images.size(3) < patch_) {
    throw ShapeError("image", "expected images [B, {}, H, W] with H and W multiples of the patch size {}, got [{}].",
                     channels_, patch_, fmt::join(images.sizes(), ", "));
  }
  const auto rows = images.size(2) / patch_, columns = images.size(3) / patch_;
  const auto patches = images.reshape({images.size(0), channels_, rows, patch_, columns, patch_})
                           .permute({0, 2, 4, 1, 3, 5})
                           .reshape({images.size(0), rows * columns, channels_ * patch_ * patch_});
  return to_stream(map_->forward(patches, context));
}

}  // namespace graft::nn
