// A frozen matrix in the order in which the kernels read it: panels of KernelTable::panel columns, a row of the panel
// after the other. Where the processor multiplies several short numbers at once, so many rows lie interleaved,
// [k / group, panel, group]: four of int8, else two; two of bf16, else one, widened a stripe at a time.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "graft/tensor/kernels.h"
#include "graft/tensor/precision.h"
#include "graft/tensor/quantised_weight.h"

namespace graft::tensor {

struct PackedWeight {
  Precision precision = Precision::fp32;
  int64_t k = 0, n = 0;          // multiplied from the right: [m, k] -> [m, n]
  int64_t width = 0;             // of a panel
  int64_t group = 1;             // rows that lie interleaved
  int64_t parts = 1;             // of bf16, whose sum is the weight: a second one for the bits that the first lost
  at::Tensor numbers = {};       // float32, bfloat16 or int8, zeros where the last panel or pair is not full
  at::Tensor row_scale = {};     // int8 backward: [k] float32, to multiply the left side with
  at::Tensor column_scale = {};  // int8 forward: [panels * width] float32, to multiply the sums with
  at::Tensor column_sums = {};   // int8 in fours: [panels * width] int32, of the numbers over k

  // A weight that stays as its file has it: in place of numbers, which are made a stripe at a time
  // (quantised_stripes.h).
  std::shared_ptr<const QuantisedWeight> source = {};
  bool across = false;  // k runs down its rows (backward), not along them

  int64_t panels() const { return (n + width - 1) / width; }
  int64_t padded_k() const { return (k + group - 1) / group * group; }
  int64_t panel_size() const { return padded_k() * width; }
  int64_t bytes() const;  // the source's among them
};

// weight [out, in] float32 -> for x Wᵀ. int8 gets a scale a row, its largest magnitude becoming 127.
PackedWeight pack(const at::Tensor& weight, Precision, const KernelTable&);

// Products in float32, or in bf16 where the processor multiplies that and the precision asks for it, or for int8 with
// the blocks as they lie, whose formats must all have byte units; `kernels` may be null, where nothing but unpack() is
// wanted.
bool has_byte_units(const QuantisedWeight&);
PackedWeight stay_quantised(const QuantisedWeight&, Precision, const KernelTable* kernels);

// What stays quantised and has byte units, to be multiplied as under int8.
PackedWeight as_it_lies(const PackedWeight& forward);

// The same numbers for the backward, y W.
PackedWeight transposed(const PackedWeight& forward);
at::Tensor transposed_numbers(const PackedWeight& forward);  // of that

// [out, in] float32 as the packed numbers say.
at::Tensor unpack(const PackedWeight& forward);

// A weight [out, in] that trains, packed anew for each product: float32, or for bf16 pairs on the left (where the
// processor multiplies them) two parts of bf16, so that 16 bits of it count.
PackedWeight pack_trained(const at::Tensor& weight, bool left_is_bf16, const KernelTable&);

// Any float32 matrix [n, k] -> panels for x matrixᵀ, in float32.
at::Tensor float_panels(const at::Tensor& matrix, int64_t width);

// The same in two parts of bf16, [2 n, k] high above low, as pairs.
at::Tensor split_panels(const at::Tensor& matrix, int64_t width);

}  // namespace graft::tensor
