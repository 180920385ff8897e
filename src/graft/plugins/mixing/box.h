// A box of one photo put into another: what CutMix and its like share (Yun et al. 2019, arXiv:1905.04899).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace graft::plugins {

// Rows top to before bottom, columns left to before right.
struct Box {
  int64_t top = 0, left = 0, bottom = 0, right = 0;
  bool operator==(const Box&) const = default;
};

// The box around a centre in a photo of height x width, of which `lambda` would be left; rounded and cut off as
// torchvision and timm do.
Box box_around(int64_t row, int64_t column, int64_t height, int64_t width, double lambda);
double share_left(const Box& box, int64_t height, int64_t width);

// x [B, ..., H, W], a box an example -> x with the partner's box.
at::Tensor paste(const at::Tensor& x, const at::Tensor& partner, const std::vector<Box>& boxes);

}  // namespace graft::plugins
