#include "graft/tensor/bottleneck.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/tensor/activation.h"
#include "graft/tensor/block_sums.h"
#include "graft/tensor/precision.h"
#include "graft/tensor/shapes.h"
#include "graft/tensor/tensor_rows.h"

namespace graft::tensor {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor plain(const at::Tensor& x, const at::Tensor& h, const Bottleneck& b) {
  const auto type = x.scalar_type() == at::kBFloat16 ? at::kFloat : x.scalar_type();
  const auto as = [&](const at::Tensor& t) { return t.to(type); };
  const auto inner = activate(at::linear(x.to(type), as(b.down_weight), as(b.down_bias)), b.activation);
  const auto change = b.gain * at::linear(inner, as(b.up_weight), as(b.up_bias));
  return h.defined() ? (h + change).to(h.scalar_type()) : change.to(x.scalar_type());
}

// The bias of a product: float32, whole panels, times `gain`.
at::Tensor panel_bias(const at::Tensor& bias, double gain, const PackedWeight& weight) {
  const auto floats = bias.detach().to(at::kFloat);
  return at::constant_pad_nd(gain == 1 ? floats : floats * gain, {0, weight.panels() * weight.width - weight.n});
}

Product product_of(const PackedWeight& weight, const at::Tensor& left) {
  return {.weight = &weight,
          .m = left.size(0),
          .left = rows_of(left),
          .before = {},
          .branches = {},
          .epilogue = {},
          .on_block = {}};
}

at::Tensor as_rows(const at::Tensor& t) {
  return t.reshape({-1, t.size(-1)}).contiguous();
}

// What a block of rows adds to a weight's gradient: reducedᵀ wide, [rank, width], of bf16 pairs or in float32.
struct WeightSums {
  const KernelTable& kernels;
  int64_t rank, width;
  bool pairs;

  // Rows [m, rank] and [m, width]; of the two an undefined one is what was multiplied.
  void of_block(const FinishedBlock& block, const at::Tensor& reduced, const at::Tensor& wide,
                const BlockSums& into) const {
    float* const to = into.of(block.index);
    if (pairs) {
      const auto of = [&](const at::Tensor& t, int64_t columns) {
        return t.defined() ? at(rows_of(t), block.first)
                           : bf16_rows(kernels, block.rows, columns, block.left, block.left_stride);
      };
      transposed_product_of_bf16(kernels, block.rows, rank, of(reduced, rank), width, of(wide, width), to);
    } else {
      const auto of = [&](const at::Tensor& t) {
        return t.defined() ? float_rows(kernels, t, block.first, block.rows) : block.left;
      };
      transposed_product(kernels, block.rows, rank, of(reduced), width, of(wide),
                         wide.defined() ? width : block.left_stride, to);
    }
  }
};

// What is added to the change: x itself, another tensor, nothing.
enum class Added { x, other, nothing };

// Inputs: down weight and bias, up weight and bias, x, and h where it is another tensor.
struct BottleneckOnKernels : torch::autograd::Function<BottleneckOnKernels> {
  static at::Tensor forward(AutogradContext* ctx, at::TensorList in, int64_t activation, double gain, int64_t added) {
    const auto& kernels = *fast_kernels();
    const auto &x = in[4], &h = in.back();  // h is x where there is no other
    const auto rows = as_rows(x), residual = as_rows(h);
    const auto down = pack_trained(in[0], is_bf16(x), kernels);
    const auto up = pack_trained(in[2] * gain, is_bf16(x), kernels);
    const auto down_bias = panel_bias(in[1], 1, down), up_bias = panel_bias(in[3], gain, up);
    const auto before = at::empty({rows.size(0), down.n}, rows.options()), inner = at::empty_like(before);
    auto first = product_of(down, rows);
    first.epilogue = {.bias = down_bias.const_data_ptr<float>(),
                      .activation = static_cast<Activation>(activation),
                      .before = rows_of_result(before),
                      .out = rows_of_result(inner)};
    run_product(kernels, first);
    const auto out = at::empty(residual.sizes(), residual.options());
    auto second = product_of(up, inner);
    second.epilogue = {.bias = up_bias.const_data_ptr<float>(),
                       .before = {},
                       .residual = static_cast<Added>(added) == Added::nothing ? ConstRows{} : rows_of(residual),
                       .out = rows_of_result(out)};
    run_product(kernels, second);
    ctx->save_for_backward({in[0], in[2], x, before, inner});
    ctx->saved_data["activation"] = activation;
    ctx->saved_data["gain"] = gain;
    ctx->saved_data["added"] = added;
    return out.view(h.sizes());
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto& kernels = *fast_kernels();
    const auto saved = ctx->get_saved_variables();
    const auto &before = saved[3], &inner = saved[4];
    const auto activation = static_cast<Activation>(ctx->saved_data["activation"].toInt());
    const auto gain = ctx->saved_data["gain"].toDouble();
    const auto added = static_cast<Added>(ctx->saved_data["added"].toInt());
    const auto rows = as_rows(saved[2]);
    const auto d_out = as_rows(is_bf16(rows) ? gradients[0].to(at::kBFloat16) : gradients[0]);
    const auto m = rows.size(0), width = rows.size(1), rank = before.size(1);
    const WeightSums sums{kernels, rank, width, is_bf16(rows) && kernels.product_of_bf16};
    const at::Tensor multiplied;

    const auto up = pack_trained((saved[1] * gain).t(), is_bf16(d_out), kernels);
    const auto d_inner = at::empty({m, rank}, before.options());
    const auto up_blocks = product_blocks(m, up);
    const auto up_sums = block_sums(ctx->needs_input_grad(2), up_blocks, rank, width);
    const auto up_bias_sums = block_sums(ctx->needs_input_grad(3), up_blocks, 1, width);
    auto first = product_of(up, d_out);
    first.epilogue.out = rows_of_result(d_inner);
    first.gather = up_sums.parts.defined() || up_bias_sums.parts.defined();
    first.on_block = [&](const FinishedBlock& block) {
      if (up_bias_sums.parts.defined()) sum_rows(kernels, block, width, up_bias_sums.of(block.index));
      if (up_sums.parts.defined()) sums.of_block(block, inner, sums.pairs ? d_out : multiplied, up_sums);
    };
    run_product(kernels, first);

    const auto down = pack_trained(saved[0].t(), is_bf16(d_inner), kernels);
    const auto dx = ctx->needs_input_grad(4) ? at::empty({m, width}, rows.options()) : at::Tensor();
    const auto down_blocks = product_blocks(m, down);
    const auto down_sums = block_sums(ctx->needs_input_grad(0), down_blocks, rank, width);
    const auto down_bias_sums = block_sums(ctx->needs_input_grad(1), down_blocks, 1, rank);
    auto second = product_of(down, d_inner);
    second.before = rows_of(before);
    second.slope_of = activation;
    second.epilogue.residual = added == Added::x ? rows_of(d_out) : ConstRows{};
    second.epilogue.out = rows_of_result(dx);
    second.gather = down_sums.parts.defined() || down_bias_sums.parts.defined();
    second.on_block = [&](const FinishedBlock& block) {
      if (down_bias_sums.parts.defined()) sum_rows(kernels, block, rank, down_bias_sums.of(block.index));
      if (down_sums.parts.defined()) sums.of_block(block, multiplied, rows, down_sums);
    };
    run_product(kernels, second);

    const auto sum = [](const BlockSums& of) { return of.parts.defined() ? total(of) : at::Tensor(); };
    const auto times_gain = [&](const at::Tensor& t) { return t.defined() && gain != 1 ? t * gain : t; };
    const auto flat = [](const at::Tensor& t) { return t.defined() ? t.view({-1}) : t; };
    const auto d_up = sum(up_sums);
    variable_list all{sum(down_sums), flat(sum(down_bias_sums)),
                      times_gain(d_up.defined() ? d_up.t().contiguous() : d_up), flat(times_gain(sum(up_bias_sums))),
                      dx.defined() ? dx.view(saved[2].sizes()) : dx};
    if (added == Added::other) all.push_back(gradients[0]);
    all.resize(all.size() + 3);  // the arguments that are no tensors
    return all;
  }
};

bool bottleneck_fits_kernels(const at::Tensor& t) {
  return t.device().is_cpu() && (t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16);
}

}  // namespace

at::Tensor bottleneck(const at::Tensor& x, const at::Tensor& h, const Bottleneck& b) {
  const auto width = x.size(-1), rank = b.down_bias.size(0);
  if ((h.defined() && h.sizes() != x.sizes()) || b.down_weight.sizes() != at::IntArrayRef{rank, width} ||
      b.up_weight.sizes() != at::IntArrayRef{width, rank} || b.up_bias.sizes() != at::IntArrayRef{width}) {
    throw ShapeError("bottleneck", "expected h {}, down [r, {}] and up [{}, r], got {}, {} and {}.", shape_of(x), width,
                     width, h.defined() ? shape_of(h) : "none", shape_of(b.down_weight), shape_of(b.up_weight));
  }
  if (kernels_in_use() == Kernels::plain || !bottleneck_fits_kernels(x) ||
      (h.defined() && !bottleneck_fits_kernels(h)) || x.numel() == 0 || b.down_weight.scalar_type() != at::kFloat)
    return plain(x, h, b);
  variable_list inputs{b.down_weight, b.down_bias, b.up_weight, b.up_bias, x};
  const auto added = !h.defined() ? Added::nothing : h.is_same(x) ? Added::x : Added::other;
  if (added == Added::other) inputs.push_back(h);
  return BottleneckOnKernels::apply(at::TensorList(inputs), static_cast<int64_t>(b.activation), b.gain,
                                    static_cast<int64_t>(added));
}

}  // namespace graft::tensor
