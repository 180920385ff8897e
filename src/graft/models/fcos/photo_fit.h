// How a detector reads a photo, as torchvision's GeneralizedRCNNTransform does: normalised, then resized between its
// own neighbouring pixels (no antialiasing) so that its shorter side has `shortest` pixels, unless its longer one would
// have more than `longest`; then zeros to the right and below, up to a multiple of 32.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "graft/data/resize.h"
#include "graft/io/image.h"

namespace graft::models::fcos {

struct PhotoFit {
  int64_t shortest = 800, longest = 1333;  // torchvision's
};

struct FittedPhoto {
  at::Tensor pixels;     // [3, h, w] without the zeros
  data::Size own, read;  // of the file; h and w
};

// DataError for a photo that is too narrow to be resized so.
FittedPhoto fitted(const io::Image& photo, const PhotoFit& fit);
data::Size padded(data::Size read);
// [3, h, w] -> [3, H, W] with zeros to the right and below
at::Tensor in_zeros(const at::Tensor& pixels, data::Size size);

}  // namespace graft::models::fcos
