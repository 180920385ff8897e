#include "graft/tensor/frozen_product.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>

#include "graft/tensor/quantised_stripes.h"
#include "graft/tensor/tensor_rows.h"
#include "graft/tensor/workspace.h"

namespace graft::tensor {
namespace {

constexpr int64_t kStripe = 192;  // steps of a panel that stay in the first-level cache while a block passes
constexpr int64_t kBlockNumbers = 96 * 1024;  // of the left side, in the second-level cache: 384 KiB of floats
constexpr int64_t kTile = 12;                 // whole tiles on every instruction set
constexpr int64_t kFewTiles = 4;              // less is not worth a second thread

// Rows are shared out in whole tiles, as evenly as they go.
struct Blocks {
  int64_t m, tiles, count;

  Blocks(int64_t rows, int64_t k, bool quantised) : m(rows), tiles((rows + kTile - 1) / kTile) {
    // Numbers of a weight that stays quantised are made once a block: longer ones, though they leave the cache.
    const auto most = quantised ? std::clamp<int64_t>(8 * kBlockNumbers / k / kTile, 16, 64)
                                : std::clamp<int64_t>(kBlockNumbers / k / kTile, 4, 16);
    count = (tiles + most - 1) / most;
    if (count == 1 && tiles >= (quantised ? 4 * kFewTiles : kFewTiles)) count = 2;
    if (count > 2) count = (count + 3) / 4 * 4;  // even shares for 2 and 4 threads
  }
  int64_t first(int64_t block) const { return std::min(m, tiles * block / count * kTile); }
};

// Asks for the lines of a block's rows that a panel will be stored to: they arrive while its sums are made.
void expect(const Rows& rows, int64_t count, int64_t columns) {
  constexpr int64_t kLine = 64;
  if (!rows.data) return;
  const auto size = static_cast<int64_t>(rows.bf16 ? sizeof(bf16_bits) : sizeof(float));
  for (int64_t i = 0; i < count; ++i) {
    const auto* const row = static_cast<const char*>(at(rows, i, 0).data);
    for (int64_t byte = 0; byte < columns * size; byte += kLine)
      __builtin_prefetch(row + byte, /*to write*/ 1);
  }
}

void copy_floats(const KernelTable& kernels, ConstRows row, int64_t n, float* to) {
  if (row.bf16) {
    kernels.widen(n, static_cast<const bf16_bits*>(row.data), to);
  } else {
    std::copy_n(static_cast<const float*>(row.data), n, to);
  }
}

// The left side of a block in the forms that its products read.
struct Left {
  const float* floats = nullptr;
  int64_t stride = 0;
  const bf16_bits* pairs = nullptr;  // rows of whole pairs, pairs_stride apart
  int64_t pairs_stride = 0;
  const int16_t* whole = nullptr;  // int8 in twos: [rows, padded k] and a scale a row
  const float* whole_scale = nullptr;
  const uint8_t* bytes = nullptr;  // int8 in fours: the same
  ShortUnits units = {};           // of a weight that is multiplied as it lies
  const ByteScale* byte_scale = nullptr;
};

// Which of them are wanted, and whether they are made here or lie ready in the caller's tensor.
struct Forms {
  bool floats, pairs, whole, bytes, units;

  explicit Forms(const Product& p) {
    const auto& weight = *p.weight;
    units = weight.source && weight.precision == Precision::int8;
    const bool int8 = weight.precision == Precision::int8 && !units;
    const bool bf16 = weight.precision == Precision::bf16 && weight.group == 2;
    bool in_pairs = false, in_floats = false;
    for (const auto& branch : p.branches)
      (branch.down.scalar_type() == at::kBFloat16 ? in_pairs : in_floats) = true;
    pairs = bf16 || in_pairs;
    whole = int8 && weight.group == 2;
    bytes = int8 && weight.group == 4;
    floats = (!int8 && !bf16 && !units) || whole || p.gather || in_floats;
  }
};

Left prepare(const KernelTable& kernels, const Product& p, int64_t first, int64_t rows) {
  static thread_local Scratch<float> float_rows, one_row, scales;
  static thread_local Scratch<bf16_bits> pair_rows;
  static thread_local Scratch<int16_t> whole_rows;
  static thread_local Scratch<uint8_t> byte_rows;
  static thread_local Scratch<ByteScale> byte_scales;
  static thread_local Scratch<int16_t> unit_numbers;
  static thread_local Scratch<float> unit_scales, unit_sums;
  const Forms forms(p);
  const auto& weight = *p.weight;
  const auto k = weight.k, even = k + k % 2, padded = weight.padded_k();
  const bool changed = p.before.data != nullptr;
  const bool floats_lie = !p.left.bf16 && !changed, pairs_lie = p.left.bf16 && !changed && even == k;
  Left left;
  float* const floats = forms.floats && !floats_lie ? float_rows.of(rows * k) : nullptr;
  bf16_bits* const pairs = forms.pairs && !pairs_lie ? pair_rows.of(rows * even) : nullptr;
  int16_t* const whole = forms.whole ? whole_rows.of(rows * padded) : nullptr;
  float* const whole_scale = forms.whole ? scales.of(rows) : nullptr;
  uint8_t* const bytes = forms.bytes ? byte_rows.of(rows * padded) : nullptr;
  ByteScale* const byte_scale = forms.bytes ? byte_scales.of(rows) : nullptr;
  // As many levels as keep the largest sum, k * 127 * limit, within 32 bits: 15 bits up to k = 516, 12 up to 4128.
  const auto limit = static_cast<int32_t>(std::min<int64_t>(32767, std::numeric_limits<int32_t>::max() / (127 * even)));
  const auto* column_scale = weight.row_scale.defined() ? weight.row_scale.const_data_ptr<float>() : nullptr;
  const auto units = forms.units ? k / 32 : 0;
  int16_t* const of_units = forms.units ? unit_numbers.of(rows * k) : nullptr;
  float* const scale_of_units = forms.units ? unit_scales.of(rows * units) : nullptr;
  float* const sums_of_units = forms.units ? unit_sums.of(2 * rows * units) : nullptr;
  for (int64_t i = 0; i < rows && (floats || pairs || whole || bytes || of_units); ++i) {
    ConstRows row = at(p.left, first + i, 0);
    if (changed) {  // with its slope, straight into the form that is wanted
      const bool to_pairs = pairs && !floats;
      Rows to{one_row.of(k), k, false};
      if (to_pairs) to = {pairs + i * even, even, true};
      if (floats) to = {floats + i * k, k, false};
      kernels.activation_backward(k, p.slope_of, at(p.before, first + i, 0), row, to);
      row = {to.data, to.stride, to.bf16};
    } else if (floats) {
      copy_floats(kernels, row, k, floats + i * k);
    }
    if (pairs) {
      bf16_bits* const to = pairs + i * even;
      if (!row.bf16) {
        kernels.narrow(k, static_cast<const float*>(row.data), to);
      } else if (row.data != to) {
        std::copy_n(static_cast<const bf16_bits*>(row.data), k, to);
      }
      if (even != k) to[k] = 0;
    }
    if (floats) row = {floats + i * k, k, false};
    if (whole) {
      whole_scale[i] =
          kernels.quantise(k, static_cast<const float*>(row.data), column_scale, limit, whole + i * padded);
      std::fill(whole + i * padded + k, whole + (i + 1) * padded, static_cast<int16_t>(0));
    }
    if (bytes) {
      byte_scale[i] = kernels.quantise_bytes(k, row, column_scale, bytes + i * padded);
      std::fill(bytes + i * padded + k, bytes + (i + 1) * padded, static_cast<uint8_t>(0));
    }
    if (of_units) {
      kernels.quantise_units(units, row, of_units + i * k, scale_of_units + i * units, sums_of_units + 2 * i * units);
    }
  }
  left.units = {of_units, scale_of_units, sums_of_units, units};
  if (forms.floats) {
    left.floats = floats ? floats : static_cast<const float*>(at(p.left, first, 0).data);
    left.stride = floats ? k : p.left.stride;
  }
  if (forms.pairs) {
    left.pairs = pairs ? pairs : static_cast<const bf16_bits*>(at(p.left, first, 0).data);
    left.pairs_stride = pairs ? even : p.left.stride;
  }
  left.whole = whole;
  left.whole_scale = whole_scale;
  left.bytes = bytes;
  left.byte_scale = byte_scale;
  return left;
}

// sums [rows, width] of one panel of the weight, a stripe of its steps after the other.
template <class Multiply>
void in_stripes(const PackedWeight& weight, int64_t panel, const Multiply& multiply) {
  const auto start = panel * weight.panel_size(), k = weight.padded_k(), stripe = kStripe * weight.group;
  for (int64_t step = 0; step < k; step += stripe)
    multiply(step, std::min(stripe, k - step) / weight.group, start + step * weight.width);
}

const float* of_panel(const at::Tensor& numbers, int64_t panel, int64_t width) {
  return numbers.defined() ? numbers.const_data_ptr<float>() + panel * width : nullptr;
}

void multiply_panel_of_int8(const KernelTable& kernels, const PackedWeight& weight, const Left& left, int64_t rows,
                            int64_t panel, float* sums) {
  static thread_local Scratch<int16_t> widened;
  static thread_local Scratch<int32_t> scratch;
  const auto width = weight.width, k = weight.padded_k();
  const auto* numbers = weight.numbers.const_data_ptr<int8_t>();
  const auto* column_scale = of_panel(weight.column_scale, panel, width);
  int32_t* const whole_sums = scratch.of(rows * width);
  if (left.bytes) {
    in_stripes(weight, panel, [&](int64_t step, int64_t steps, int64_t from) {
      kernels.product_of_bytes(rows, width, steps, left.bytes + step, k, numbers + from, 4 * width, whole_sums, width,
                               step > 0);
    });
    const auto* column_sums = weight.column_sums.const_data_ptr<int32_t>() + panel * width;
    return kernels.rescale_bytes(rows, whole_sums, left.byte_scale, column_sums, column_scale, sums);
  }
  in_stripes(weight, panel, [&](int64_t step, int64_t steps, int64_t from) {
    int16_t* const stripe = widened.of(2 * kStripe * width);
    kernels.widen_bytes(2 * steps * width, numbers + from, stripe);
    kernels.product_of_integers(rows, width, steps, left.whole + step, k, stripe, 2 * width, whole_sums, width,
                                step > 0);
  });
  kernels.rescale(rows, whole_sums, left.whole_scale, column_scale, sums);
}

void multiply_panel_of_bf16(const KernelTable& kernels, const PackedWeight& weight, const Left& left, int64_t rows,
                            int64_t panel, float* sums) {
  static thread_local Scratch<float> widened;
  static thread_local Scratch<bf16_bits> made;
  const auto width = weight.width;
  if (weight.source) {
    return in_stripes(weight, panel, [&](int64_t step, int64_t steps, int64_t) {
      bf16_bits* const stripe = made.of(2 * kStripe * width);
      write_stripe(kernels, weight, panel, step, steps, stripe);
      kernels.product_of_bf16(rows, width, steps, left.pairs + step, left.pairs_stride, stripe, 2 * width, sums, width,
                              step > 0);
    });
  }
  const auto* numbers = reinterpret_cast<const bf16_bits*>(weight.numbers.const_data_ptr<at::BFloat16>());
  for (int64_t part = 0; part < weight.parts; ++part) {
    in_stripes(weight, part * weight.panels() + panel, [&](int64_t step, int64_t steps, int64_t from) {
      const bool add = step > 0 || part > 0;
      if (weight.group == 2) {
        return kernels.product_of_bf16(rows, width, steps, left.pairs + step, left.pairs_stride, numbers + from,
                                       2 * width, sums, width, add);
      }
      float* const copy = widened.of(kStripe * width);
      kernels.widen(steps * width, numbers + from, copy);
      kernels.product(rows, width, steps, left.floats + step, left.stride, copy, width, sums, width, add);
    });
  }
}

void multiply_panel(const KernelTable& kernels, const PackedWeight& weight, const Left& left, int64_t rows,
                    int64_t panel, float* sums) {
  if (left.units.numbers) return multiply_as_it_lies(kernels, weight, panel, rows, left.units, sums);
  if (weight.precision == Precision::int8) return multiply_panel_of_int8(kernels, weight, left, rows, panel, sums);
  if (weight.precision == Precision::bf16) return multiply_panel_of_bf16(kernels, weight, left, rows, panel, sums);
  static thread_local Scratch<float> made;
  const auto width = weight.width;
  const auto* numbers = weight.source ? nullptr : weight.numbers.const_data_ptr<float>();
  in_stripes(weight, panel, [&](int64_t step, int64_t steps, int64_t from) {
    float* const own = weight.source ? made.of(kStripe * width) : nullptr;
    if (own) write_stripe(kernels, weight, panel, step, steps, own);
    kernels.product(rows, width, steps, left.floats + step, left.stride, own ? own : numbers + from, width, sums, width,
                    step > 0);
  });
}

// reduced = left[:, begin : begin + k] * down, for the rows of the block. Pairs of bf16 meet `down` in two parts of
// bf16 each, high and low, side by side: 16 of its bits count.
void reduce(const KernelTable& kernels, const ProductBranch& branch, const Left& left, int64_t first, int64_t rows) {
  static thread_local Scratch<float> scratch;
  const auto width = kernels.panel, rank = branch.rank;
  const bool pairs = branch.down.scalar_type() == at::kBFloat16;
  const int64_t columns = pairs ? 2 * rank : rank, group = pairs ? 2 : 1;
  const auto k = (branch.k + group - 1) / group * group;
  float* const sums = scratch.of(rows * width);
  float* const reduced = branch.reduced.mutable_data_ptr<float>() + first * rank;
  for (int64_t column = 0; column < columns; column += width) {
    const auto wanted = std::min(width, columns - column);
    for (int64_t step = 0; step < k; step += group * kStripe) {
      const auto steps = std::min(group * kStripe, k - step) / group, from = column * k + step * width;
      if (pairs) {
        const auto* down = reinterpret_cast<const bf16_bits*>(branch.down.const_data_ptr<at::BFloat16>());
        kernels.product_of_bf16(rows, wanted, steps, left.pairs + branch.begin + step, left.pairs_stride, down + from,
                                2 * width, sums, width, step > 0);
      } else {
        kernels.product(rows, wanted, steps, left.floats + branch.begin + step, left.stride,
                        branch.down.const_data_ptr<float>() + from, width, sums, width, step > 0);
      }
    }
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < wanted; ++j) {
        float& to = reduced[i * rank + (column + j) % rank];
        to = column + j < rank ? sums[i * width + j] : to + sums[i * width + j];
      }
    }
  }
}

void multiply_block(const KernelTable& kernels, const Product& p, const Left& left, int64_t first, int64_t rows,
                    int64_t first_panel, int64_t last_panel) {
  static thread_local Scratch<float> scratch;
  const auto width = kernels.panel;
  float* const sums = scratch.of(rows * width);
  for (int64_t panel = first_panel; panel < last_panel; ++panel) {
    Epilogue epilogue = p.epilogue;
    const auto column = panel * width, columns = std::min(width, p.weight->n - column);
    if (epilogue.bias) epilogue.bias += column;
    epilogue.before = at(epilogue.before, first, column);
    epilogue.residual = at(epilogue.residual, first, column);
    epilogue.out = at(epilogue.out, first, column);
    expect(epilogue.before, rows, columns);
    expect(epilogue.out, rows, columns);
    multiply_panel(kernels, *p.weight, left, rows, panel, sums);
    for (const auto& branch : p.branches) {
      const auto own = panel - branch.first_panel;
      if (own < 0 || own >= branch.up.size(0)) continue;
      kernels.product(rows, columns, branch.rank, branch.reduced.const_data_ptr<float>() + first * branch.rank,
                      branch.rank, branch.up.const_data_ptr<float>() + own * branch.rank * width, width, sums, width,
                      /*add=*/true);
    }
    kernels.finish(rows, columns, sums, epilogue);
  }
}

}  // namespace

at::Tensor branch_panels(const KernelTable& kernels, const at::Tensor& matrix, int64_t begin, bool bf16) {
  // A pair that begins at an odd column would straddle two of the left side's.
  if (!bf16 || !kernels.product_of_bf16 || begin % 2 != 0) return float_panels(matrix, kernels.panel);
  return split_panels(matrix, kernels.panel);
}

int64_t product_blocks(int64_t m, const PackedWeight& weight) {
  return Blocks(m, weight.k, weight.source != nullptr).count;
}

void run_product(const KernelTable& kernels, const Product& p) {
  if (p.m == 0) return;
  const Blocks blocks(p.m, p.weight->k, p.weight->source != nullptr);
  const auto panels = p.epilogue.out.data ? p.weight->panels() : 0;
  // With few blocks the panels are shared out too; the branches then come first, as all parts read them.
  const auto parts = blocks.count >= 4 || p.gather ? 1 : std::clamp<int64_t>(panels, 1, 4);
  const auto reduce_all = [&](const Left& left, int64_t first, int64_t rows) {
    for (const auto& branch : p.branches)
      reduce(kernels, branch, left, first, rows);
  };
  if (parts > 1 && !p.branches.empty()) {
    for (int64_t block = 0; block < blocks.count; ++block) {
      const auto first = blocks.first(block), rows = blocks.first(block + 1) - first;
      reduce_all(prepare(kernels, p, first, rows), first, rows);
    }
  }
  at::parallel_for(0, blocks.count * parts, 1, [&](int64_t begin, int64_t end) {
    Left left;
    for (int64_t task = begin; task < end; ++task) {
      const auto block = task / parts, part = task % parts;
      const auto first = blocks.first(block), rows = blocks.first(block + 1) - first;
      if (task == begin || part == 0) left = prepare(kernels, p, first, rows);
      if (parts == 1) reduce_all(left, first, rows);
      multiply_block(kernels, p, left, first, rows, panels * part / parts, panels * (part + 1) / parts);
      if (p.gather) p.on_block({block, first, rows, left.floats, left.stride});
    }
  });
}

}  // namespace graft::tensor
