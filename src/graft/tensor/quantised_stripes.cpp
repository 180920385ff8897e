#include "graft/tensor/quantised_stripes.h"

#include <algorithm>

#include "graft/tensor/quantised_weight.h"
#include "graft/tensor/workspace.h"

namespace graft::tensor {
namespace {

constexpr int64_t kUnit = 32;  // numbers of a row that kernels make at once

int64_t whole_units(int64_t n) {
  return (n + kUnit - 1) / kUnit * kUnit;
}

// Whether every row's numbers begin a unit, and none has two scales.
bool in_units(const QuantisedRows& weight) {
  return weight.format != BlockFormat::nf4 || (weight.columns % kUnit == 0 && weight.scales.block % kUnit == 0);
}

// So many units of some rows, all inside the weight.
void read_units(const KernelTable& kernels, const QuantisedRows& weight, int64_t row, int64_t rows, int64_t unit,
                int64_t units, float* to, int64_t ldt) {
  static thread_local Scratch<float> scratch;
  const auto* const bytes = weight.blocks.const_data_ptr<uint8_t>();
  if (weight.format != BlockFormat::nf4) {
    const auto row_bytes = weight.row_bytes();
    return kernels.dequantise(weight.format, {bytes + row * row_bytes, row_bytes, rows, unit, units}, to, ldt);
  }
  const auto& scales = weight.scales;
  float* const of_units = scratch.of(rows * units);
  for (int64_t i = 0; i < rows; ++i) {
    const auto first = (weight.first_row + row + i) * weight.columns + unit * kUnit;
    for (int64_t u = 0; u < units; ++u) {
      const auto block = (first + u * kUnit) / scales.block;
      float& scale = of_units[i * units + u];
      if (u > 0 && (first + (u - 1) * kUnit) / scales.block == block) {
        scale = of_units[i * units + u - 1];
      } else {
        scales.read(block, 1, &scale);
      }
    }
  }
  const auto row_bytes = weight.columns / 2;
  const BlockTile tile{bytes + (weight.first_row + row) * row_bytes,
                       row_bytes,
                       rows,
                       unit,
                       units,
                       of_units,
                       scales.type == at::kHalf       ? Rounding::to_f16
                       : scales.type == at::kBFloat16 ? Rounding::to_bf16
                                                      : Rounding::none};
  kernels.dequantise(weight.format, tile, to, ldt);
}

// Rows inside the part; columns, which begin a unit, may end behind it: zeros there.
void read_part(const KernelTable& kernels, const QuantisedRows& part, int64_t row, int64_t rows, int64_t column,
               int64_t columns, float* to, int64_t ldt) {
  const auto own = std::clamp<int64_t>(part.columns - column, 0, columns);
  const auto in_kernels = in_units(part) ? own / kUnit * kUnit : 0;
  if (in_kernels > 0) read_units(kernels, part, row, rows, column / kUnit, in_kernels / kUnit, to, ldt);
  if (in_kernels == columns) return;
  for (int64_t i = 0; i < rows; ++i) {
    if (own > in_kernels) read_numbers(part, row + i, column + in_kernels, own - in_kernels, to + i * ldt + in_kernels);
    std::fill(to + i * ldt + own, to + i * ldt + columns, 0.0f);
  }
}

// The same of rows of all parts, which may end behind the last one.
void read_tile(const KernelTable& kernels, const QuantisedWeight& weight, int64_t row, int64_t rows, int64_t column,
               int64_t columns, float* to, int64_t ldt) {
  for (const auto& part : weight.parts) {
    const auto own = std::clamp<int64_t>(part.rows - row, 0, rows);
    if (own > 0) read_part(kernels, part, row, own, column, columns, to, ldt);
    row = std::max<int64_t>(row - part.rows, 0);
    rows -= own;
    to += own * ldt;
    if (rows == 0) return;
  }
  for (int64_t i = 0; i < rows; ++i)
    std::fill_n(to + i * ldt, columns, 0.0f);
}

// The same where columns may begin in the middle of a unit.
void read_columns(const KernelTable& kernels, const QuantisedWeight& weight, int64_t row, int64_t rows, int64_t column,
                  int64_t columns, float* to) {
  static thread_local Scratch<float> scratch;
  const auto before = column % kUnit, around = whole_units(before + columns);
  if (around == columns) return read_tile(kernels, weight, row, rows, column, columns, to, columns);
  float* const tile = scratch.of(rows * around);
  read_tile(kernels, weight, row, rows, column - before, around, tile, around);
  for (int64_t i = 0; i < rows; ++i)
    std::copy_n(tile + i * around + before, columns, to + i * columns);
}

// Rows of the weight that are columns of the panel, read along k.
const float* read_for_turning(const KernelTable& kernels, const PackedWeight& weight, int64_t panel, int64_t first,
                              int64_t columns) {
  static thread_local Scratch<float> scratch;
  float* const rows = scratch.of(weight.width * columns);
  read_tile(kernels, *weight.source, panel * weight.width, weight.width, first, columns, rows, columns);
  return rows;
}

}  // namespace

void read_rows(const KernelTable& kernels, const QuantisedWeight& weight, int64_t row, int64_t rows, float* to) {
  read_tile(kernels, weight, row, rows, 0, weight.columns, to, weight.columns);
}

void write_stripe(const KernelTable& kernels, const PackedWeight& weight, int64_t panel, int64_t first, int64_t steps,
                  float* to) {
  if (weight.across) return read_columns(kernels, *weight.source, first, steps, panel * weight.width, weight.width, to);
  const auto columns = whole_units(steps);
  kernels.turn(columns, read_for_turning(kernels, weight, panel, first, columns), columns, to);
}

void write_stripe(const KernelTable& kernels, const PackedWeight& weight, int64_t panel, int64_t first, int64_t steps,
                  bf16_bits* to) {
  if (weight.across) {
    static thread_local Scratch<float> scratch;
    float* const rows = scratch.of(2 * steps * weight.width);
    read_columns(kernels, *weight.source, first, 2 * steps, panel * weight.width, weight.width, rows);
    return kernels.pair_rows(steps, rows, weight.width, to);
  }
  const auto columns = whole_units(2 * steps);
  kernels.turn_to_pairs(columns, read_for_turning(kernels, weight, panel, first, columns), columns, to);
}

void multiply_as_it_lies(const KernelTable& kernels, const PackedWeight& weight, int64_t panel, int64_t m,
                         const ShortUnits& left, float* sums) {
  auto row = panel * weight.width, rows = std::min(weight.width, weight.n - row);
  float* to = sums;
  for (const auto& part : weight.source->parts) {
    const auto own = std::clamp<int64_t>(part.rows - row, 0, rows);
    if (own > 0) {
      const auto row_bytes = part.row_bytes();
      const BlockTile tile{part.blocks.const_data_ptr<uint8_t>() + row * row_bytes, row_bytes, own, 0, left.units};
      kernels.dots_with_blocks(part.format, tile, m, left, to, weight.width);
    }
    row = std::max<int64_t>(row - part.rows, 0);
    rows -= own;
    to += own;
  }
  // Behind the last row nothing is asked for, but branches add to whole panels.
  for (int64_t i = 0; i < m && to < sums + weight.width; ++i)
    std::fill(to + i * weight.width, sums + (i + 1) * weight.width, 0.0f);
}

}  // namespace graft::tensor
