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
  if (recipe.augmentation == Augmentation::crop_flip_erase) a.erase_chance = 0.25;  // timm's --reprob
  if (recipe.augmentation == Augmentation::rand_augment) a.policy = data::Policy::rand_augment;
  if (recipe.augmentation == Augmentation::trivial_augment) {  // torchvision's later recipe
    a.policy = data::Policy::trivial_augment;
    a.erase_chance = 0.1;
  }
  if (recipe.augmentation == Augmentation::simclr) {  // Chen et al. 2020 (arXiv:2002.05709), appendix A, strength 1
    a.brightness = a.contrast = a.saturation = 0.8;
    a.hue = 0.2;
    a.jitter_chance = 0.8;
    a.grey_chance = 0.2;
    a.blur_chance = 0.5;
  }
  return a;
}

}  // namespace graft::engine
