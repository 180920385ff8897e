#include "graft/nn/positions.h"

#include <torch/types.h>

#include <vector>

#include "graft/core/error.h"

namespace graft::nn {

at::Tensor stretch_positions(const at::Tensor& patches, Grid from, Grid to, Stretch stretch) {
  if (from == to) return patches;
  const auto width = patches.size(1);
  const auto image = patches.reshape({1, from.rows, from.columns, width}).permute({0, 3, 1, 2});
  const std::vector<int64_t> size = {to.rows, to.columns};
  at::Tensor stretched;
  switch (stretch) {
    case Stretch::bicubic:
      stretched = at::upsample_bicubic2d(image, size, /*align_corners=*/false);
      break;
    case Stretch::antialiased:
      stretched = at::_upsample_bicubic2d_aa(image, size, /*align_corners=*/false);
      break;
    case Stretch::offset: {
      const double rows = (to.rows + 0.1) / from.rows, columns = (to.columns + 0.1) / from.columns;
      stretched = at::upsample_bicubic2d(image, size, /*align_corners=*/false, rows, columns);
      break;
    }
  }
  return stretched.permute({0, 2, 3, 1}).reshape({to.count(), width});
}

Positions::Positions(at::Tensor weight, int64_t prefix, Grid grid, Stretch stretch)
    : weight_(std::move(weight)), prefix_(prefix), grid_(grid), stretch_(stretch) {
  GRAFT_ASSERT(weight_.dim() == 2 && weight_.size(0) == prefix + grid.count());
}

at::Tensor Positions::at(Grid grid) const {
  if (grid == grid_) return weight_;
  const auto patches = stretch_positions(weight_.narrow(0, prefix_, grid_.count()), grid_, grid, stretch_);
  return prefix_ == 0 ? patches : at::cat({weight_.narrow(0, 0, prefix_), patches});
}

}  // namespace graft::nn
