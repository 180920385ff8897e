#include "graft/data/augment_policy.h"

#include <cmath>
#include <numbers>

#include "graft/data/colour.h"
#include "graft/data/photo_changes.h"

namespace graft::data {
namespace {

constexpr int kBins = 31, kChanges = 14, kRandAugmentBin = 9, kRandAugmentChanges = 2;

// torch.linspace(0, end, 31) in float32, from either end to the middle and rounded once, as its processors' kernels do:
// of 32 pixels the middle is 15.999999, and 15 are moved.
double spaced(double end, int bin) {
  const auto last = static_cast<float>(end), step = last / (kBins - 1);
  return bin < kBins / 2 ? step * static_cast<float>(bin) : std::fma(-step, static_cast<float>(kBins - 1 - bin), last);
}

bool has_sign(Change change) {
  return change >= Change::shear_x && change <= Change::sharpness;
}

}  // namespace

std::vector<std::pair<Policy, std::string>> choices(Policy) {
  return {{Policy::none, "none"}, {Policy::rand_augment, "rand-augment"}, {Policy::trivial_augment, "trivial-augment"}};
}

std::vector<std::pair<Change, std::string>> choices(Change) {
  return {{Change::identity, "Identity"},         {Change::shear_x, "ShearX"},         {Change::shear_y, "ShearY"},
          {Change::translate_x, "TranslateX"},    {Change::translate_y, "TranslateY"}, {Change::rotate, "Rotate"},
          {Change::brightness, "Brightness"},     {Change::colour, "Color"},           {Change::contrast, "Contrast"},
          {Change::sharpness, "Sharpness"},       {Change::posterize, "Posterize"},    {Change::solarize, "Solarize"},
          {Change::autocontrast, "AutoContrast"}, {Change::equalize, "Equalize"}};
}

Image changed(Image image, Change change, double m) {
  const std::pair<double, double> corner = {0, 0}, middle = {image.width * 0.5, image.height * 0.5};
  const auto slope = [](double tangent) { return std::atan(tangent) * (180 / std::numbers::pi); };
  switch (change) {
    case Change::identity:
      return image;
    case Change::shear_x:
      return transform(image, affine_of({.shear_x = slope(m)}, corner));
    case Change::shear_y:
      return transform(image, affine_of({.shear_y = slope(m)}, corner));
    case Change::translate_x:
      return transform(image, affine_of({.translate_x = std::trunc(m)}, middle));
    case Change::translate_y:
      return transform(image, affine_of({.translate_y = std::trunc(m)}, middle));
    case Change::rotate:
      return rotate(image, m);
    case Change::brightness:
      return adjust_brightness(std::move(image), 1 + m);
    case Change::colour:
      return adjust_saturation(std::move(image), 1 + m);
    case Change::contrast:
      return adjust_contrast(std::move(image), 1 + m);
    case Change::sharpness:
      return adjust_sharpness(std::move(image), 1 + m);
    case Change::posterize:
      return posterize(std::move(image), static_cast<int>(m));
    case Change::solarize:
      return solarize(std::move(image), m);
    case Change::autocontrast:
      return autocontrast(std::move(image));
    case Change::equalize:
      return equalize(std::move(image));
  }
  return image;
}

double magnitude_of(Policy policy, Change change, int bin, Size size) {
  const bool wide = policy == Policy::trivial_augment;
  switch (change) {
    case Change::shear_x:
    case Change::shear_y:
      return spaced(wide ? 0.99 : 0.3, bin);
    case Change::translate_x:
      return spaced(wide ? 32.0 : 150.0 / 331.0 * size.width, bin);
    case Change::translate_y:
      return spaced(wide ? 32.0 : 150.0 / 331.0 * size.height, bin);
    case Change::rotate:
      return spaced(wide ? 135.0 : 30.0, bin);
    case Change::brightness:
    case Change::colour:
    case Change::contrast:
    case Change::sharpness:
      return spaced(wide ? 0.99 : 0.9, bin);
    case Change::posterize:  // bits that stay: 8 to 4, wide 8 to 2
      return 8 - std::nearbyint(static_cast<float>(bin) / static_cast<float>((kBins - 1) / (wide ? 6.0 : 4.0)));
    case Change::solarize:
      return 255.0 - spaced(255.0, bin);
    case Change::identity:
    case Change::autocontrast:
    case Change::equalize:
      return 0;
  }
  return 0;
}

Image augmented(Image image, Policy policy, Random& random) {
  if (policy == Policy::none) return image;
  const bool wide = policy == Policy::trivial_augment;
  for (int i = 0; i < (wide ? 1 : kRandAugmentChanges); ++i) {
    const auto change = static_cast<Change>(random.below(kChanges));
    const int bin = wide ? static_cast<int>(random.below(kBins)) : kRandAugmentBin;
    const double magnitude = magnitude_of(policy, change, bin, {image.height, image.width});
    const bool minus = has_sign(change) && random.below(2) == 1;
    image = changed(std::move(image), change, minus ? -magnitude : magnitude);
  }
  return image;
}

}  // namespace graft::data
