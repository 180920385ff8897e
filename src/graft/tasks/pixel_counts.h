// What a head said of a photo's pixels, read at the size of the photo's own mask, and counted: a test of any number of
// photos holds one table of classes by classes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "graft/data/masks.h"

namespace graft::tasks {

// Of one photo.
struct PixelAnswer {
  data::Mask told;       // the most probable class of each pixel, the lower of equals
  at::Tensor confusion;  // [K, K] int64, truth by told, of the pixels whose class is known
  double loss = 0;       // the sum of their cross-entropies
};

// logits [K, h, w] of a grid over the whole photo, stretched to the mask's size as torch's bilinear interpolation does
// it (align_corners=False). Held at once: a few rows of all classes.
PixelAnswer answer_pixels(const at::Tensor& logits, const data::Mask& truth);

// confusion [..., K, K] -> [..., 3, K]: of each class how many pixels are of it, how many are told to be, how many
// both.
at::Tensor sides_of(const at::Tensor& confusion);

// Intersection over union of each class, from sides [..., 3, K] -> [..., K] float64; NaN for a class that neither is
// there nor is told.
at::Tensor iou_of(const at::Tensor& sides);
// The mean over the classes that are there or are told (Everingham et al. 2010), [...].
at::Tensor mean_iou(const at::Tensor& sides);

}  // namespace graft::tasks
