// A frozen matrix in the order in which the kernels read it: panels of KernelTable::panel columns, a row of the panel
// after the other. int8 lies in pairs of rows, [k / 2, panel, 2], and so does bf16 where the processor multiplies
// pairs of it; elsewhere bf16 is widened a stripe at a time.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "graft/tensor/kernels.h"
#include "graft/tensor/precision.h"

namespace graft::tensor {

struct PackedWeight {
  Precision precision = Precision::fp32;
  int64_t k = 0, n = 0;          // multiplied from the right: [m, k] -> [m, n]
  int64_t width = 0;             // of a panel
  int64_t group = 1;             // rows that lie interleaved: 2 for pairs
  at::Tensor numbers = {};       // float32, bfloat16 or int8, zeros where the last panel or pair is not full
  at::Tensor row_scale = {};     // int8 backward: [k] float32, to multiply the left side with
  at::Tensor column_scale = {};  // int8 forward: [panels * width] float32, to multiply the sums with

  int64_t panels() const { return (n + width - 1) / width; }
  int64_t panel_size() const { return (k + group - 1) / group * group * width; }
  int64_t bytes() const;
};

// weight [out, in] float32 -> for x Wᵀ. int8 gets a scale a row, its largest magnitude becoming 127.
PackedWeight pack(const at::Tensor& weight, Precision, const KernelTable&);

// The same numbers for the backward, y W.
PackedWeight transposed(const PackedWeight& forward);

// [out, in] float32 as the packed numbers say.
at::Tensor unpack(const PackedWeight& forward);

// Any float32 matrix [n, k] -> panels for x matrixᵀ, in float32.
at::Tensor float_panels(const at::Tensor& matrix, int64_t width);

}  // namespace graft::tensor
