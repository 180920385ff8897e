#include "graft/tensor/frozen_map.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/tensor/workspace.h"

namespace graft::tensor {
namespace {

ConstRows rows_of(const at::Tensor& t) {
  if (!t.defined()) return {};
  return {t.const_data_ptr(), t.size(-1), t.scalar_type() == at::kBFloat16};
}

Rows rows_of_result(const at::Tensor& t) {
  if (!t.defined()) return {};
  return {t.mutable_data_ptr(), t.size(-1), t.scalar_type() == at::kBFloat16};
}

// Sums over all rows, kept a block apart so that they do not depend on which thread took which block.
struct BlockSums {
  at::Tensor parts;  // [blocks, rows, columns] float32
  float* of(int64_t block) const { return parts.mutable_data_ptr<float>() + block * parts.stride(0); }
};

BlockSums block_sums(bool wanted, int64_t blocks, int64_t rows, int64_t columns) {
  return {wanted ? at::empty({blocks, rows, columns}, at::kFloat) : at::Tensor()};
}

at::Tensor total(const BlockSums& sums) {
  auto result = sums.parts[0].clone();
  for (int64_t block = 1; block < sums.parts.size(0); ++block)
    result.add_(sums.parts[block]);
  return result;
}

// to [rank, columns] = reducedᵀ wide, over the rows of a block: reduced [rows, rank] with its rows side by side,
// wide [rows, columns] with rows `stride` apart.
void transposed_product(const KernelTable& kernels, int64_t rows, int64_t rank, const float* reduced, int64_t columns,
                        const float* wide, int64_t stride, float* to) {
  static thread_local Scratch<float> last_columns, sums;
  const auto width = kernels.panel;
  for (int64_t column = 0; column < columns; column += width) {
    const auto count = std::min(width, columns - column);
    if (count == width) {
      kernels.product_of_transposed(rank, rows, reduced, rank, wide + column, stride, to + column, columns, false);
      continue;
    }
    float* const copy = last_columns.of(rows * width);
    std::fill_n(copy, rows * width, 0.0f);
    for (int64_t i = 0; i < rows; ++i)
      std::copy_n(wide + i * stride + column, count, copy + i * width);
    float* const sum = sums.of(rank * width);
    kernels.product_of_transposed(rank, rows, reduced, rank, copy, width, sum, width, false);
    for (int64_t r = 0; r < rank; ++r)
      std::copy_n(sum + r * width, count, to + r * columns + column);
  }
}

// x as float32 rows of a block.
const float* floats(const KernelTable& kernels, const at::Tensor& x, int64_t first, int64_t rows) {
  if (x.scalar_type() == at::kFloat) return x.const_data_ptr<float>() + first * x.size(1);
  static thread_local Scratch<float> scratch;
  const auto* from = reinterpret_cast<const bf16_bits*>(x.const_data_ptr<at::BFloat16>()) + first * x.size(1);
  float* const copy = scratch.of(rows * x.size(1));
  kernels.widen(rows * x.size(1), from, copy);
  return copy;
}

// A branch adds to whole panels: rows of zeros before and after B make it so.
at::Tensor up_panels(const LowRank& branch, int64_t width) {
  const auto b = branch.b.detach().to(at::kFloat) * branch.scale;
  return float_panels(at::constant_pad_nd(b, {0, 0, branch.begin % width, 0}), width);
}

}  // namespace

const PackedWeight& FrozenLinear::Packed::backward() {
  std::call_once(once_, [&] { backward_ = transposed(forward); });
  return backward_;
}

int64_t FrozenLinear::Packed::bytes() const {
  if (plain.defined()) return static_cast<int64_t>(plain.nbytes());
  return forward.bytes() + (backward_.numbers.defined() ? backward_.bytes() : 0);
}

MapForward map_forward(FrozenLinear::Packed& packed, const at::Tensor& x, const std::vector<LowRank>& branches,
                       Activation activation, bool keep_before) {
  at::NoGradGuard no_grad;
  const auto& kernels = *fast_kernels();
  const auto m = x.size(0), width = kernels.panel;
  MapForward result{.y = at::empty({m, packed.out}, x.options()), .before = {}, .reduced = {}};
  if (keep_before && activation != Activation::none) result.before = at::empty_like(result.y);

  at::Tensor bias;
  if (packed.bias) {
    bias = at::constant_pad_nd(packed.bias->detach().to(at::kFloat), {0, packed.forward.panels() * width - packed.out});
  }
  Product product{.weight = &packed.forward,
                  .m = m,
                  .left = rows_of(x),
                  .before = {},
                  .branches = {},
                  .epilogue = {},
                  .on_block = {}};
  product.epilogue = {.bias = packed.bias ? bias.const_data_ptr<float>() : nullptr,
                      .activation = activation,
                      .before = rows_of_result(result.before),
                      .out = rows_of_result(result.y)};
  for (const auto& branch : branches) {
    result.reduced.push_back(at::empty({m, branch.a.size(0)}, at::kFloat));
    product.branches.push_back({.begin = 0,
                                .k = packed.in,
                                .rank = branch.a.size(0),
                                .down = float_panels(branch.a, width),
                                .up = up_panels(branch, width),
                                .first_panel = branch.begin / width,
                                .reduced = result.reduced.back()});
  }
  run_product(kernels, product);
  return result;
}

MapGradients map_backward(FrozenLinear::Packed& packed, const at::Tensor& gradient, const at::Tensor& x,
                          const MapForward& saved, const std::vector<LowRank>& branches, Activation activation,
                          const MapWants& wants) {
  at::NoGradGuard no_grad;
  const auto& kernels = *fast_kernels();
  const auto m = gradient.size(0), width = kernels.panel;
  const auto& weight = packed.backward();
  MapGradients result;
  if (wants.x) result.x = at::empty({m, packed.in}, gradient.options());

  Product product{.weight = &weight,
                  .m = m,
                  .left = rows_of(gradient),
                  .before = rows_of(saved.before),
                  .slope_of = activation,
                  .branches = {},
                  .epilogue = {},
                  .on_block = {}};
  product.epilogue.out = rows_of_result(result.x);
  const auto blocks = product_blocks(m, packed.out);
  auto bias_sums = block_sums(wants.bias, blocks, 1, packed.out);
  std::vector<BlockSums> a_sums, b_sums;
  product.gather = wants.bias;
  for (size_t i = 0; i < branches.size(); ++i) {
    const auto& branch = branches[i];
    const auto rank = branch.a.size(0), rows = branch.b.size(0);
    const auto scaled = branch.b.detach().to(at::kFloat) * branch.scale;  // [rows, rank]
    product.branches.push_back({.begin = branch.begin,
                                .k = rows,
                                .rank = rank,
                                .down = float_panels(scaled.t(), width),
                                .up = float_panels(branch.a.detach().t(), width),
                                .first_panel = 0,
                                .reduced = at::empty({m, rank}, at::kFloat)});
    a_sums.push_back(block_sums(wants.a[i], blocks, rank, packed.in));
    b_sums.push_back(block_sums(wants.b[i], blocks, rank, rows));
    product.gather = product.gather || wants.a[i] || wants.b[i];
  }
  product.on_block = [&](const FinishedBlock& block) {
    if (wants.bias) {
      float* const sum = bias_sums.of(block.index);
      std::fill_n(sum, packed.out, 0.0f);
      for (int64_t i = 0; i < block.rows; ++i)
        kernels.add_to(packed.out, block.left + i * block.left_stride, sum);
    }
    const float* wide = nullptr;
    for (size_t i = 0; i < branches.size(); ++i) {
      const auto rank = branches[i].a.size(0), rows = branches[i].b.size(0);
      if (wants.a[i]) {
        if (!wide) wide = floats(kernels, x, block.first, block.rows);
        const auto* reduced = product.branches[i].reduced.const_data_ptr<float>() + block.first * rank;
        transposed_product(kernels, block.rows, rank, reduced, packed.in, wide, packed.in, a_sums[i].of(block.index));
      }
      if (wants.b[i]) {
        const auto* reduced = saved.reduced[i].const_data_ptr<float>() + block.first * rank;
        transposed_product(kernels, block.rows, rank, reduced, rows, block.left + branches[i].begin, block.left_stride,
                           b_sums[i].of(block.index));
      }
    }
  };
  run_product(kernels, product);

  if (wants.bias) result.bias = total(bias_sums).view({packed.out}).to(packed.bias->scalar_type());
  for (size_t i = 0; i < branches.size(); ++i) {
    const auto& branch = branches[i];
    result.a.push_back(wants.a[i] ? total(a_sums[i]).to(branch.a.scalar_type()) : at::Tensor());
    result.b.push_back(wants.b[i] ? total(b_sums[i]).t().mul(branch.scale).to(branch.b.scalar_type()) : at::Tensor());
  }
  return result;
}

}  // namespace graft::tensor
