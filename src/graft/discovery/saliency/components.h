// Connected parts of a mask; neighbours share an edge (4), as scipy.ndimage.label has them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace graft::discovery {

// mask [rows, columns] bool -> the part that holds `seed` (row by row), nothing where the seed is not of the mask.
at::Tensor component_of(const at::Tensor& mask, int64_t seed);

struct Components {
  at::Tensor labels;           // [rows, columns] int32: 0 outside, parts from 1 as they come row by row
  std::vector<int64_t> sizes;  // of part i + 1
};
Components components(const at::Tensor& mask);

// The part of most elements; of equal ones the first, row by row.
at::Tensor largest_component(const at::Tensor& mask);

}  // namespace graft::discovery
