// Where a detector answers: the places of its levels' grids, and what they tell as boxes. A box is [x0, y0, x1, y1] in
// pixels of what the network reads.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "graft/data/resize.h"

namespace graft::models::fcos {

struct Grid {
  int64_t height = 0, width = 0;
};
// Of photos of that size, the finest first: each side is halved, rounded up, five times and more.
std::vector<Grid> grids_of(data::Size pixels);

// All places of all levels, level after level, row after row. As torchvision has them, a place stands at its column
// times the photo's width over the grid's, rounded down, and not half a stride further.
struct Places {
  at::Tensor x, y;              // [N]
  at::Tensor size;              // [N], of the level: 8, 16, ..., in which distances are measured
  std::vector<int64_t> counts;  // of each level
  int64_t total() const { return x.size(0); }
};
Places places_of(data::Size pixels);

// offsets [..., N, 4] in units of a place's size -> boxes [..., N, 4]
at::Tensor boxes_at(const Places& places, const at::Tensor& offsets);

// [M, 4], [N, 4] row by row -> [N]
at::Tensor areas_of(const at::Tensor& boxes);

}  // namespace graft::models::fcos
