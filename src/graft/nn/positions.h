// Learned positions of a grid of patches, stretched to another grid where an image is larger or smaller than those that
// the model was trained on. Every library stretches in its own way, and the difference shows in the features.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace graft::nn {

struct Grid {
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t count() const { return rows * columns; }
  bool operator==(const Grid&) const = default;
};

enum class Stretch {
  bicubic,      // a = -0.75, half-pixel centres, to an exact size (transformers' ViT, CLIP, DINOv2)
  antialiased,  // a = -0.5, wider when shrinking (timm, open_clip, DINOv2 with registers)
  offset,       // as bicubic, but the scale is (new + 0.1) / old (DINO's and DINOv2's own code)
};

class Positions {
 public:
  Positions() = default;
  // weight [prefix + rows * columns, D], a parameter of the owner's; `prefix` rows belong to the
  // tokens before the patches and are never stretched
  Positions(at::Tensor weight, int64_t prefix, Grid grid, Stretch stretch);

  at::Tensor at(Grid grid) const;  // [prefix + grid.count(), D]
  int64_t prefix() const { return prefix_; }
  Grid grid() const { return grid_; }
  const at::Tensor& weight() const { return weight_; }

 private:
  at::Tensor weight_;
  int64_t prefix_ = 0;
  Grid grid_;
  Stretch stretch_ = Stretch::bicubic;
};

// patches [rows * columns, D] -> [to.count(), D]
at::Tensor stretch_positions(const at::Tensor& patches, Grid from, Grid to, Stretch stretch);

}  // namespace graft::nn
