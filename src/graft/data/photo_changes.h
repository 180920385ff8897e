// Changes of 8-bit RGB that augmentation policies are made of, equal to the bit to Pillow's, and so to torchvision's on
// Pillow's images: ImageOps' and ImageEnhance's, Image.transform() with the nearest pixel, and
// ImageFilter.GaussianBlur.
#pragma once

#include <array>
#include <utility>

#include "graft/data/resize.h"

namespace graft::data {

Image posterize(Image image, int bits);                  // the upper `bits` of each byte, 0 to 8
Image solarize(Image image, double threshold);           // bytes of `threshold` and above become 255 - v
Image autocontrast(Image image);                         // of each channel the least byte to 0, the largest to 255
Image equalize(Image image);                             // of each channel, by its histogram
Image invert(Image image);                               // 255 - v
Image to_grey(Image image);                              // luma, in each channel
Image adjust_sharpness(Image image, double factor);      // a blend with the smoothed image; factor 1 changes nothing
Image gaussian_blur(const Image& image, double radius);  // radius: the standard deviation in pixels

// (x, y) of the result is read at (a x + b y + c, d x + e y + f) of the image, the nearest pixel; black outside.
using Affine = std::array<double, 6>;  // a b c d e f
Image transform(const Image& image, const Affine& affine);

// torchvision's affine() with scale 1: angle and shears in degrees, translations in pixels, about a centre.
struct Movement {
  double angle = 0, translate_x = 0, translate_y = 0, shear_x = 0, shear_y = 0;
};
Affine affine_of(const Movement& movement, std::pair<double, double> centre);

// Pillow's rotate(): anticlockwise about the middle; of a whole turn's quarters pixels are moved and none is lost.
Image rotate(const Image& image, double degrees);

}  // namespace graft::data
