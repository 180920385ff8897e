#include "graft/tensor/frozen_product.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>

#include "graft/tensor/workspace.h"

namespace graft::tensor {
namespace {

constexpr int64_t kStripe = 192;              // rows of a panel that stay in the first-level cache while a block passes
constexpr int64_t kBlockNumbers = 96 * 1024;  // of the left side, in the second-level cache: 384 KiB
constexpr int64_t kTileMultiple = 12;         // whole tiles on every instruction set

int64_t block_rows(int64_t m, int64_t k) {
  const auto most = std::clamp<int64_t>(kBlockNumbers / k, 4 * kTileMultiple, 16 * kTileMultiple);
  auto blocks = (m + most - 1) / most;
  if (blocks > 4) blocks = (blocks + 3) / 4 * 4;  // even shares for 2 and 4 threads
  const auto rows = (m + blocks - 1) / blocks;
  return (rows + kTileMultiple - 1) / kTileMultiple * kTileMultiple;
}

ConstRows from_row(ConstRows rows, int64_t i) {
  const auto size = static_cast<int64_t>(rows.bf16 ? sizeof(bf16_bits) : sizeof(float));
  return {static_cast<const char*>(rows.data) + i * rows.stride * size, rows.stride, rows.bf16};
}

Rows at(Rows rows, int64_t i, int64_t column) {
  if (!rows.data) return rows;
  const auto size = static_cast<int64_t>(rows.bf16 ? sizeof(bf16_bits) : sizeof(float));
  return {static_cast<char*>(rows.data) + (i * rows.stride + column) * size, rows.stride, rows.bf16};
}

void copy_floats(const KernelTable& kernels, ConstRows row, int64_t n, float* to) {
  if (row.bf16) {
    kernels.widen(n, static_cast<const bf16_bits*>(row.data), to);
  } else {
    std::copy_n(static_cast<const float*>(row.data), n, to);
  }
}

// The left side of a block, as the product wants it.
struct Left {
  const float* floats = nullptr;  // null where only pairs are read
  int64_t stride = 0;
  const bf16_bits* pairs = nullptr;  // rows of whole pairs, `pairs_stride` apart: the product of bf16 only
  int64_t pairs_stride = 0;
  const int16_t* whole = nullptr;  // [rows, k to the next even], int8 only
  const float* scale = nullptr;    // [rows]
};

// The rows as pairs of bf16: as they lie, if they do, else rounded from the floats.
void set_pairs(const KernelTable& kernels, const Product& p, int64_t first, int64_t rows, Left& left) {
  static thread_local Scratch<bf16_bits> scratch;
  const auto k = p.weight->k, even = k + k % 2;
  if (p.left.bf16 && !p.before.data && even == k) {
    left.pairs = static_cast<const bf16_bits*>(from_row(p.left, first).data);
    left.pairs_stride = p.left.stride;
    return;
  }
  bf16_bits* const copy = scratch.of(rows * even);
  for (int64_t i = 0; i < rows; ++i) {
    if (left.floats) {
      kernels.narrow(k, left.floats + i * left.stride, copy + i * even);
    } else {
      std::copy_n(static_cast<const bf16_bits*>(from_row(p.left, first + i).data), k, copy + i * even);
    }
    if (even != k) copy[i * even + k] = 0;
  }
  left.pairs = copy;
  left.pairs_stride = even;
}

Left prepare(const KernelTable& kernels, const Product& p, int64_t first, int64_t rows) {
  static thread_local Scratch<float> floats, slopes, scales;
  static thread_local Scratch<int16_t> integers;
  const auto k = p.weight->k, even = k + k % 2;
  const bool pairs = p.weight->precision == Precision::bf16 && p.weight->group == 2;
  Left left;
  if (pairs && p.left.bf16 && !p.before.data && p.branches.empty() && !p.gather) {
    set_pairs(kernels, p, first, rows, left);
    return left;
  }
  if (!p.left.bf16 && !p.before.data) {
    left.floats = static_cast<const float*>(from_row(p.left, first).data);
    left.stride = p.left.stride;
  } else {
    float* const copy = floats.of(rows * k);
    for (int64_t i = 0; i < rows; ++i) {
      copy_floats(kernels, from_row(p.left, first + i), k, copy + i * k);
      if (!p.before.data) continue;
      const auto before = from_row(p.before, first + i);
      auto* at = static_cast<const float*>(before.data);
      if (before.bf16) {
        kernels.widen(k, static_cast<const bf16_bits*>(before.data), slopes.of(k));
        at = slopes.of(k);
      }
      kernels.activation_backward(k, p.slope_of, at, copy + i * k);
    }
    left.floats = copy;
    left.stride = k;
  }
  if (pairs) set_pairs(kernels, p, first, rows, left);
  if (p.weight->precision != Precision::int8) return left;
  // As many levels as keep the largest sum, k * 127 * limit, within 32 bits: 15 bits up to k = 516, 12 up to 4128.
  const auto limit = std::min<int64_t>(32767, std::numeric_limits<int32_t>::max() / (127 * even));
  int16_t* const whole = integers.of(rows * even);
  float* const scale = scales.of(rows);
  const auto* column_scale = p.weight->row_scale.defined() ? p.weight->row_scale.const_data_ptr<float>() : nullptr;
  for (int64_t i = 0; i < rows; ++i) {
    scale[i] =
        kernels.quantise(k, left.floats + i * left.stride, column_scale, static_cast<int32_t>(limit), whole + i * even);
    if (even != k) whole[i * even + k] = 0;
  }
  left.whole = whole;
  left.scale = scale;
  return left;
}

// sums [rows, width] of one panel of the weight.
void multiply_panel(const KernelTable& kernels, const PackedWeight& weight, const Left& left, int64_t rows,
                    int64_t panel, float* sums) {
  static thread_local Scratch<float> widened;
  static thread_local Scratch<int16_t> widened_bytes;
  static thread_local Scratch<int32_t> integer_sums;
  const auto width = weight.width, k = weight.k, start = panel * weight.panel_size();
  if (weight.precision == Precision::int8) {
    const auto* numbers = weight.numbers.const_data_ptr<int8_t>() + start;
    const auto even = k + k % 2;
    int32_t* const whole_sums = integer_sums.of(rows * width);
    for (int64_t step = 0; step < even; step += 2 * kStripe) {
      const auto steps = std::min(2 * kStripe, even - step);
      int16_t* const stripe = widened_bytes.of(2 * kStripe * width);
      kernels.widen_bytes(steps * width, numbers + step * width, stripe);
      kernels.product_of_integers(rows, steps / 2, left.whole + step, even, stripe, whole_sums, step > 0);
    }
    const auto* scale =
        weight.column_scale.defined() ? weight.column_scale.const_data_ptr<float>() + panel * width : nullptr;
    kernels.rescale(rows, whole_sums, left.scale, scale, sums);
    return;
  }
  if (left.pairs) {
    const auto* numbers = reinterpret_cast<const bf16_bits*>(weight.numbers.const_data_ptr<at::BFloat16>()) + start;
    const auto even = k + k % 2;
    for (int64_t step = 0; step < even; step += 2 * kStripe) {
      const auto steps = std::min(2 * kStripe, even - step);
      kernels.product_of_bf16(rows, steps / 2, left.pairs + step, left.pairs_stride, numbers + step * width, sums,
                              step > 0);
    }
    return;
  }
  for (int64_t step = 0; step < k; step += kStripe) {
    const auto steps = std::min(kStripe, k - step);
    const float* stripe;
    if (weight.precision == Precision::bf16) {
      float* const copy = widened.of(kStripe * width);
      const auto* numbers = reinterpret_cast<const bf16_bits*>(weight.numbers.const_data_ptr<at::BFloat16>());
      kernels.widen(steps * width, numbers + start + step * width, copy);
      stripe = copy;
    } else {
      stripe = weight.numbers.const_data_ptr<float>() + start + step * width;
    }
    kernels.product(rows, steps, left.floats + step, left.stride, stripe, width, sums, width, step > 0);
  }
}

// reduced = left[:, begin : begin + k] * down, for the rows of the block.
void reduce(const KernelTable& kernels, const ProductBranch& branch, const Left& left, int64_t first, int64_t rows) {
  static thread_local Scratch<float> scratch;
  const auto width = kernels.panel;
  float* const sums = scratch.of(rows * width);
  float* const reduced = branch.reduced.mutable_data_ptr<float>() + first * branch.rank;
  for (int64_t column = 0; column < branch.rank; column += width) {
    const auto* down = branch.down.const_data_ptr<float>() + column * branch.k;
    for (int64_t step = 0; step < branch.k; step += kStripe) {
      kernels.product(rows, std::min(kStripe, branch.k - step), left.floats + branch.begin + step, left.stride,
                      down + step * width, width, sums, width, step > 0);
    }
    const auto columns = std::min(width, branch.rank - column);
    for (int64_t i = 0; i < rows; ++i)
      std::copy_n(sums + i * width, columns, reduced + i * branch.rank + column);
  }
}

void multiply_block(const KernelTable& kernels, const Product& p, const Left& left, int64_t first, int64_t rows,
                    int64_t first_panel, int64_t last_panel) {
  static thread_local Scratch<float> scratch;
  const auto width = kernels.panel;
  float* const sums = scratch.of(rows * width);
  for (int64_t panel = first_panel; panel < last_panel; ++panel) {
    multiply_panel(kernels, *p.weight, left, rows, panel, sums);
    for (const auto& branch : p.branches) {
      const auto own = panel - branch.first_panel;
      if (own < 0 || own >= branch.up.size(0)) continue;
      kernels.product(rows, branch.rank, branch.reduced.const_data_ptr<float>() + first * branch.rank, branch.rank,
                      branch.up.const_data_ptr<float>() + own * branch.rank * width, width, sums, width, /*add=*/true);
    }
    Epilogue epilogue = p.epilogue;
    const auto column = panel * width;
    if (epilogue.bias) epilogue.bias += column;
    epilogue.before = at(epilogue.before, first, column);
    epilogue.out = at(epilogue.out, first, column);
    kernels.finish(rows, std::min(width, p.weight->n - column), sums, epilogue);
  }
}

}  // namespace

int64_t product_blocks(int64_t m, int64_t k) {
  const auto rows = block_rows(m, k);
  return (m + rows - 1) / rows;
}

void run_product(const KernelTable& kernels, const Product& p) {
  if (p.m == 0) return;
  const auto rows = block_rows(p.m, p.weight->k), blocks = product_blocks(p.m, p.weight->k);
  const auto panels = p.epilogue.out.data ? p.weight->panels() : 0;
  // With few blocks the panels are shared out too; the branches then come first, as all parts read them.
  const auto parts = blocks >= 4 || p.gather ? 1 : std::clamp<int64_t>(panels, 1, 4);
  if (parts > 1) {
    for (int64_t block = 0; block < blocks; ++block) {
      const auto first = block * rows, count = std::min(rows, p.m - first);
      if (p.branches.empty()) break;
      const auto left = prepare(kernels, p, first, count);
      for (const auto& branch : p.branches)
        reduce(kernels, branch, left, first, count);
    }
  }
  at::parallel_for(0, blocks * parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const auto block = task / parts, part = task % parts;
      const auto first = block * rows, count = std::min(rows, p.m - first);
      const auto left = prepare(kernels, p, first, count);
      if (parts == 1) {
        for (const auto& branch : p.branches)
          reduce(kernels, branch, left, first, count);
      }
      multiply_block(kernels, p, left, first, count, panels * part / parts, panels * (part + 1) / parts);
      if (p.gather) p.on_block({block, first, count, left.floats, left.stride});
    }
  });
}

}  // namespace graft::tensor
