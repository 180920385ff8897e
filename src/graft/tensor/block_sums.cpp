#include "graft/tensor/block_sums.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/tensor/on_cpu.h"
#include "graft/tensor/workspace.h"

namespace graft::tensor {

BlockSums block_sums(bool wanted, int64_t blocks, int64_t rows, int64_t columns) {
  return {wanted ? at::empty({blocks, rows, columns}, on_cpu()) : at::Tensor()};
}

at::Tensor total(const BlockSums& sums) {
  auto result = sums.parts[0].clone();
  for (int64_t block = 1; block < sums.parts.size(0); ++block)
    result.add_(sums.parts[block]);
  return result;
}

void sum_rows(const KernelTable& kernels, const FinishedBlock& block, int64_t columns, float* to) {
  std::fill_n(to, columns, 0.0f);
  for (int64_t i = 0; i < block.rows; ++i)
    kernels.add_to(columns, block.left + i * block.left_stride, to);
}

void transposed_product(const KernelTable& kernels, int64_t rows, int64_t rank, const float* reduced, int64_t columns,
                        const float* wide, int64_t stride, float* to) {
  static thread_local Scratch<float> last_columns, sums;
  const auto width = kernels.panel;
  for (int64_t column = 0; column < columns; column += width) {
    const auto count = std::min(width, columns - column);
    if (count == width) {
      kernels.product_of_transposed(rank, count, rows, reduced, rank, wide + column, stride, to + column, columns,
                                    false);
      continue;
    }
    float* const copy = last_columns.of(rows * width);
    std::fill_n(copy, rows * width, 0.0f);
    for (int64_t i = 0; i < rows; ++i)
      std::copy_n(wide + i * stride + column, count, copy + i * width);
    float* const sum = sums.of(rank * width);
    kernels.product_of_transposed(rank, count, rows, reduced, rank, copy, width, sum, width, false);
    for (int64_t r = 0; r < rank; ++r)
      std::copy_n(sum + r * width, count, to + r * columns + column);
  }
}

const float* float_rows(const KernelTable& kernels, const at::Tensor& x, int64_t first, int64_t rows) {
  if (x.scalar_type() == at::kFloat) return x.const_data_ptr<float>() + first * x.size(1);
  static thread_local Scratch<float> scratch;
  const auto* from = reinterpret_cast<const bf16_bits*>(x.const_data_ptr<at::BFloat16>()) + first * x.size(1);
  float* const copy = scratch.of(rows * x.size(1));
  kernels.widen(rows * x.size(1), from, copy);
  return copy;
}

}  // namespace graft::tensor
