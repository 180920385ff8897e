#include "graft/tensor/frozen_map.h"

#include <torch/types.h>

#include <algorithm>
#include <utility>

#include "graft/tensor/block_sums.h"
#include "graft/tensor/tensor_rows.h"

namespace graft::tensor {
namespace {

constexpr int64_t kBigWeight = int64_t{1} << 20;

// A branch adds to whole panels: rows of zeros before and after B make it so.
at::Tensor up_panels(const LowRank& branch, int64_t width) {
  const auto b = branch.b.detach().to(at::kFloat) * branch.scale;
  return float_panels(at::constant_pad_nd(b, {0, 0, branch.begin % width, 0}), width);
}

}  // namespace

PackedWeight FrozenLinear::Packed::backward(bool with_numbers) {
  if (forward.source) return transposed(forward);
  at::Tensor just_made;
  std::call_once(once_, [&] {
    backward_ = transposed(forward);
    if (backward_.bytes() >= kBigWeight) just_made = std::move(backward_.numbers);
  });
  auto weight = backward_;
  if (weight.numbers.defined() || !with_numbers) return weight;
  weight.numbers = just_made.defined() ? just_made : transposed_numbers(forward);
  return weight;
}

int64_t FrozenLinear::Packed::bytes() const {
  if (plain.defined()) return static_cast<int64_t>(plain.nbytes());
  return forward.bytes() + backward_.bytes();
}

MapForward map_forward(const FrozenLinear::Packed& packed, const PackedWeight& weight, const at::Tensor& x,
                       const std::vector<LowRank>& branches, Activation activation, bool keep_before) {
  at::NoGradGuard no_grad;
  const auto& kernels = *fast_kernels();
  const auto m = x.size(0), width = kernels.panel;
  MapForward result{.y = at::empty({m, packed.out}, x.options()), .before = {}, .reduced = {}};
  if (keep_before && activation != Activation::none) result.before = at::empty_like(result.y);

  at::Tensor bias;
  if (packed.bias) {
    bias = at::constant_pad_nd(packed.bias->detach().to(at::kFloat), {0, weight.panels() * width - packed.out});
  }
  Product product{
      .weight = &weight, .m = m, .left = rows_of(x), .before = {}, .branches = {}, .epilogue = {}, .on_block = {}};
  product.epilogue = {.bias = packed.bias ? bias.const_data_ptr<float>() : nullptr,
                      .activation = activation,
                      .before = rows_of_result(result.before),
                      .out = rows_of_result(result.y)};
  for (const auto& branch : branches) {
    result.reduced.push_back(at::empty({m, branch.a.size(0)}, x.options().dtype(at::kFloat)));
    product.branches.push_back({.begin = 0,
                                .k = packed.in,
                                .rank = branch.a.size(0),
                                .down = branch_panels(kernels, branch.a, 0, product.left.bf16),
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
  const auto weight = packed.backward(/*with_numbers=*/wants.x);
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
  const bool in_bf16 = product.left.bf16;
  const auto blocks = product_blocks(m, weight);
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
                                .down = branch_panels(kernels, scaled.t(), branch.begin, in_bf16),
                                .up = float_panels(branch.a.detach().t(), width),
                                .first_panel = 0,
                                .reduced = at::empty({m, rank}, gradient.options().dtype(at::kFloat))});
    a_sums.push_back(block_sums(wants.a[i], blocks, rank, packed.in));
    b_sums.push_back(block_sums(wants.b[i], blocks, rank, rows));
    product.gather = product.gather || wants.a[i] || wants.b[i];
  }
  product.on_block = [&](const FinishedBlock& block) {
    if (wants.bias) sum_rows(kernels, block, packed.out, bias_sums.of(block.index));
    const float* wide = nullptr;
    for (size_t i = 0; i < branches.size(); ++i) {
      const auto rank = branches[i].a.size(0), rows = branches[i].b.size(0);
      if (wants.a[i]) {
        if (!wide) wide = float_rows(kernels, x, block.first, block.rows);
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
