// A recipe's augmentation as the transforms that make it.
#pragma once

#include "graft/data/transforms.h"
#include "graft/methods/recipe.h"

namespace graft::engine {

inline data::Augmentation augmentation_of(const methods::Recipe& recipe) {
  using methods::Augmentation;
  data::Augmentation a;
  a.flip = recipe.augmentation != Augmentation::none && recipe.augmentation != Augmentation::crop;
  if (recipe.augmentation >= Augmentation::crop) {
    a.crop = data::TrainCrop::random_resized;
    a.min_scale = recipe.min_crop;
  }
  if (recipe.augmentation == Augmentation::crop_flip_jitter) {
    a.brightness = a.contrast = a.saturation = 0.4;  // torchvision's usual strengths
    a.hue = 0.1;
  }
  return a;
}

}  // namespace graft::engine
