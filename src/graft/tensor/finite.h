// Whether numbers are finite, at the price of one sum where they are.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace graft::tensor {

struct NotFinite {
  int64_t count = 0;   // of the whole tensor; 0: all are finite
  int64_t row = 0;     // the first row that has one
  int64_t in_row = 0;  // how many it has
  double value = 0;    // the first of them
};
NotFinite not_finite(const at::Tensor& rows);

}  // namespace graft::tensor
