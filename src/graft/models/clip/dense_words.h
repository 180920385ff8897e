// Classes by words at every patch of a photo, without training (MaskCLIP: Zhou et al. 2022, arXiv:2112.01071,
// sec. 3.2). In the last block of the image tower each patch attends to itself alone, so that its own value, and not a
// mixture over the photo, goes on through the block, the last norm and the projection; what comes of it is compared
// with the class prompts as a photo's features are.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "graft/models/clip/class_prompts.h"
#include "graft/models/model.h"
#include "graft/models/vit/vision_tower.h"

namespace graft::models {

class DenseWords {
 public:
  // names, templates: as ClassPrompts takes them. ModelError for a model without prompts, or that sees with no ViT.
  DenseWords(std::shared_ptr<Model> model, std::vector<std::string> names, std::vector<std::string> templates);

  // pixels [1, 3, H, W], H and W whole patches, in the model's normalisation -> exp(logit_scale) * cos(patch, class),
  // [C, H / patch, W / patch] float32
  at::Tensor logits(const at::Tensor& pixels) const;

  const ClassPrompts& prompts() const { return *prompts_; }

 private:
  std::shared_ptr<Model> model_;
  const VisionTower* tower_ = nullptr;
  std::shared_ptr<ClassPrompts> prompts_;
};

}  // namespace graft::models
