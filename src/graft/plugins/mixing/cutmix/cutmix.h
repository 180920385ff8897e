// CutMix, after Yun et al. 2019 (arXiv:1905.04899), section 3.1: a box of one photo is put into another, its centre
// anywhere, its sides sqrt(1 - lambda) of the photo's. What of it lies outside is cut off, and the label keeps the
// share of the photo that is left. Of a clip the box is the same in every frame.
#pragma once

#include <vector>

#include "graft/plugins/mixing/mixing.h"
#include "graft/plugins/mixing/pairing.h"

namespace graft::plugins::cutmix {

struct Options : Pairing {};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  fields(visit, static_cast<Pairing&>(o));
}

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

extern const MixingEntry entry;

}  // namespace graft::plugins::cutmix
