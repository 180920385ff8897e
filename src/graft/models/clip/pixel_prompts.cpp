#include "graft/models/clip/pixel_prompts.h"

#include <torch/types.h>

#include "graft/tensor/on_cpu.h"

namespace graft::models {

PixelPrompts::PixelPrompts(nn::Place place, int64_t features, std::shared_ptr<Head> prompts, int64_t texts,
                           Random& random)
    : Head(features, prompts->outputs()), place_(place), prompts_(std::move(prompts)) {
  projection = at::zeros({texts, features}, tensor::on_cpu());
  start_linear(projection, at::zeros({texts}, tensor::on_cpu()), HeadInit::uniform, random);
  projection = register_parameter("projection", projection);
}

at::Tensor PixelPrompts::frozen(const at::Tensor& features, nn::Context& context) const {
  const auto rows = unit(at::linear(features.permute({0, 2, 3, 1}), projection).flatten(0, 2));
  const auto logits = at::linear(rows, class_weights(context)) * scale();
  return logits.view({features.size(0), features.size(2), features.size(3), outputs()}).permute({0, 3, 1, 2});
}

}  // namespace graft::models
