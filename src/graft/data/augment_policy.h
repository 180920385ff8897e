// Policies that draw changes of a photo from a list: RandAugment (Cubuk et al. 2020, arXiv:1909.13719) and
// TrivialAugment (Müller and Hutter 2021, arXiv:2103.10158), with the lists and magnitudes of torchvision's RandAugment
// (two changes, magnitude 9 of 31) and TrivialAugmentWide.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graft/core/random.h"
#include "graft/data/resize.h"

namespace graft::data {

enum class Policy { none, rand_augment, trivial_augment };
std::vector<std::pair<Policy, std::string>> choices(Policy);

enum class Change {
  identity,
  shear_x,
  shear_y,
  translate_x,
  translate_y,
  rotate,
  brightness,
  colour,
  contrast,
  sharpness,
  posterize,
  solarize,
  autocontrast,
  equalize
};
std::vector<std::pair<Change, std::string>> choices(Change);

// The magnitude is torchvision's of the same name: a slope, pixels, degrees, a factor's distance from 1, bits, a
// threshold.
Image changed(Image image, Change change, double magnitude);

// A change's magnitude in bin 0 to 30, before its sign is drawn, for photos of this size.
double magnitude_of(Policy policy, Change change, int bin, Size size);

Image augmented(Image image, Policy policy, Random& random);

}  // namespace graft::data
