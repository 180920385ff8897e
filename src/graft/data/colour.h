// Colour changes of 8-bit RGB, equal to Pillow's to the bit: ImageEnhance's brightness, contrast and saturation (a
// blend with black, with the mean grey, with the grey image; factor 1 changes nothing), and torchvision's hue, which
// turns the hue byte of Pillow's HSV by `turn` of a circle.
#pragma once

#include <cstdint>

#include "graft/data/resize.h"

namespace graft::data {

std::uint8_t luma(const std::uint8_t* rgb);  // ITU-R 601 in 16-bit fixed point, as Pillow's convert("L")
// from + factor * (to - from) in single precision, cut off towards zero.
std::uint8_t blend(std::uint8_t from, std::uint8_t to, float factor);

Image adjust_brightness(Image image, double factor);
Image adjust_contrast(Image image, double factor);
Image adjust_saturation(Image image, double factor);
Image adjust_hue(Image image, double turn);  // turn in [-0.5, 0.5]
Image flip_horizontally(Image image);

}  // namespace graft::data
