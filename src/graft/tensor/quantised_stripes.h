// Numbers of a weight that stays quantised, a stripe of a panel at a time, as PackedWeight would have them lie.
#pragma once

#include <cstdint>

#include "graft/tensor/kernels.h"
#include "graft/tensor/packed_weight.h"

namespace graft::tensor {

// Of `weight.source`: the steps from number `first` of k on -> [steps, width] float32, or [steps, width, 2] bfloat16,
// zeros where the weight ends. `to` has room for steps up to a multiple of 32 numbers of k.
void write_stripe(const KernelTable&, const PackedWeight& weight, int64_t panel, int64_t first, int64_t steps,
                  float* to);
void write_stripe(const KernelTable&, const PackedWeight& weight, int64_t panel, int64_t first, int64_t steps,
                  bf16_bits* to);

// Rows of the weight as numbers, [rows, columns].
void read_rows(const KernelTable&, const QuantisedWeight&, int64_t row, int64_t rows, float* to);

// sums [m, width] of a panel with rows of whole numbers, for a weight with byte units.
void multiply_as_it_lies(const KernelTable&, const PackedWeight& weight, int64_t panel, int64_t m,
                         const ShortUnits& left, float* sums);

}  // namespace graft::tensor
