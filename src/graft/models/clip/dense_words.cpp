#include "graft/models/clip/dense_words.h"

#include <torch/types.h>

#include <utility>

#include "graft/core/error.h"

namespace graft::models {

DenseWords::DenseWords(std::shared_ptr<Model> model, std::vector<std::string> names, std::vector<std::string> templates)
    : model_(std::move(model)) {
  model_->require_prompts("segment", "segmentation by words needs");
  tower_ = dynamic_cast<const VisionTower*>(model_->tower(nn::Tower::vision));
  if (!tower_)
    throw ModelError("segment",
                     "{} ({}) does not see with a ViT: segmentation by words needs a CLIP whose image tower is one.",
                     model_->info().source, model_->info().description);
  prompts_ = std::make_shared<ClassPrompts>(model_, std::move(names), std::move(templates));
}

at::Tensor DenseWords::logits(const at::Tensor& pixels) const {
  const torch::NoGradGuard no_grad;
  const auto last = tower_->blocks();  // the place that the last block reads
  nn::Context context;
  const auto before = tower_->run({pixels}, 0, last, context);
  context.alone = true;
  const auto tokens = tower_->run(before, last, last + 1, context);
  const auto features = unit(tower_->patch_features(tokens, context).squeeze(0));  // [N, E]
  nn::Context of_text;
  const auto cosines = at::matmul(prompts_->class_weights(of_text), features.t());
  return (prompts_->scale() * cosines)
      .unflatten(1, {pixels.size(2) / tower_->patch(), pixels.size(3) / tower_->patch()});
}

}  // namespace graft::models
