// Sums over all rows of a product, for the gradients of what is trained beside it: each block of rows has its own, and
// they are added in order, so that the bits depend on no thread.
#pragma once

#include <ATen/core/Tensor.h>

#include "graft/tensor/frozen_product.h"

namespace graft::tensor {

struct BlockSums {
  at::Tensor parts;  // [blocks, rows, columns] float32, undefined where nobody asked
  float* of(int64_t block) const { return parts.mutable_data_ptr<float>() + block * parts.stride(0); }
};

BlockSums block_sums(bool wanted, int64_t blocks, int64_t rows, int64_t columns);
at::Tensor total(const BlockSums&);  // [rows, columns]

// to [columns] = the sum of the block's rows as they were multiplied.
void sum_rows(const KernelTable&, const FinishedBlock&, int64_t columns, float* to);

// to [rank, columns] = reducedᵀ wide, over the rows of a block: reduced [rows, rank] with its rows side by side,
// wide [rows, columns] with rows `stride` apart.
void transposed_product(const KernelTable&, int64_t rows, int64_t rank, const float* reduced, int64_t columns,
                        const float* wide, int64_t stride, float* to);

// The same of bf16 rows, on a processor that multiplies them: exact products, sums in float32.
void transposed_product_of_bf16(const KernelTable&, int64_t rows, int64_t rank, ConstRows reduced, int64_t columns,
                                ConstRows wide, float* to);

// Rows of float32 as bf16, side by side; a copy is overwritten by the thread's next call.
ConstRows bf16_rows(const KernelTable&, int64_t rows, int64_t columns, const float* from, int64_t stride);

// Rows first .. first + rows of x [m, columns] as float32; a copy is overwritten by the thread's next call.
const float* float_rows(const KernelTable&, const at::Tensor& x, int64_t first, int64_t rows);

}  // namespace graft::tensor
