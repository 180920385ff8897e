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

void transposed_product_of_bf16(const KernelTable& kernels, int64_t rows, int64_t rank, ConstRows reduced,
                                int64_t columns, ConstRows wide, float* to) {
  static thread_local Scratch<bf16_bits> of_left, of_right;
  static thread_local Scratch<float> of_last;
  const auto width = kernels.panel, pairs = (rows + 1) / 2, padded = (columns + width - 1) / width * width;
  bf16_bits* const left = of_left.of(pairs * rank * 2);
  bf16_bits* const right = of_right.of(pairs * padded * 2);
  const auto row_of = [](ConstRows all, int64_t i) { return static_cast<const bf16_bits*>(all.data) + i * all.stride; };
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const auto first = 2 * pair;
    const bool second = first + 1 < rows;
    kernels.interleave(rank, row_of(reduced, first), second ? row_of(reduced, first + 1) : nullptr,
                       left + pair * rank * 2);
    bf16_bits* const row = right + pair * padded * 2;
    kernels.interleave(columns, row_of(wide, first), second ? row_of(wide, first + 1) : nullptr, row);
    std::fill(row + columns * 2, row + padded * 2, bf16_bits{0});
  }
  for (int64_t column = 0; column < columns; column += width) {
    const auto count = std::min(width, columns - column);
    float* const sums = count == width ? to + column : of_last.of(rank * width);
    kernels.product_of_transposed_bf16(rank, count, pairs, left, 2 * rank, right + 2 * column, 2 * padded, sums,
                                       count == width ? columns : width, false);
    if (count == width) continue;
    for (int64_t r = 0; r < rank; ++r)
      std::copy_n(sums + r * width, count, to + r * columns + column);
  }
}

ConstRows bf16_rows(const KernelTable& kernels, int64_t rows, int64_t columns, const float* from, int64_t stride) {
  static thread_local Scratch<bf16_bits> scratch;
  bf16_bits* const copy = scratch.of(rows * columns);
  for (int64_t i = 0; i < rows; ++i)
    kernels.narrow(columns, from + i * stride, copy + i * columns);
  return {copy, columns, /*bf16=*/true};
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
