#include "graft/tensor/affine.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/tensor/precision.h"
#include "graft/tensor/shapes.h"
#include "graft/tensor/tensor_rows.h"

namespace graft::tensor {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kRowsATask = 32;

at::Tensor floats_of(const at::Tensor& t) {
  return t.detach().to(at::kFloat).contiguous();
}

struct AffineOnKernels : torch::autograd::Function<AffineOnKernels> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x_in, const at::Tensor& scale,
                            const at::Tensor& shift, int64_t activation) {
    const auto& kernels = *fast_kernels();
    const auto x = x_in.contiguous(), factors = floats_of(scale), offsets = floats_of(shift);
    const auto y = at::empty_like(x);
    const auto width = x.size(-1), rows = x.numel() / width;
    const auto x_rows = rows_of(x);
    const auto y_rows = rows_of_result(y);
    const auto *scales = factors.const_data_ptr<float>(), *shifts = offsets.const_data_ptr<float>();
    at::parallel_for(0, rows, kRowsATask, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        kernels.affine(width, static_cast<Activation>(activation), at(x_rows, i), scales, shifts, at(y_rows, i));
    });
    ctx->save_for_backward({x_in, scale, shift});
    ctx->saved_data["activation"] = activation;
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto& kernels = *fast_kernels();
    const auto saved = ctx->get_saved_variables();
    const auto activation = static_cast<Activation>(ctx->saved_data["activation"].toInt());
    const auto x = saved[0].contiguous(), factors = floats_of(saved[1]), offsets = floats_of(saved[2]);
    const auto dy = gradients[0].to(x.scalar_type()).contiguous();
    const auto dx = ctx->needs_input_grad(0) ? at::empty_like(x) : at::Tensor();
    const auto width = x.size(-1), rows = x.numel() / width, sums = (rows + kRowsASum - 1) / kRowsASum;
    const auto wanted = [&](size_t input) {
      return ctx->needs_input_grad(input) ? at::zeros({sums, width}, x.options().dtype(at::kFloat)) : at::Tensor();
    };
    const auto d_scale = wanted(1), d_shift = wanted(2);
    const auto x_rows = rows_of(x), dy_rows = rows_of(dy);
    const auto dx_rows = rows_of_result(dx), scale_sums = rows_of_result(d_scale), shift_sums = rows_of_result(d_shift);
    const auto *scales = factors.const_data_ptr<float>(), *shifts = offsets.const_data_ptr<float>();
    at::parallel_for(0, sums, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * kRowsASum; i < std::min(rows, end * kRowsASum); ++i) {
        const auto part = i / kRowsASum;
        kernels.affine_backward(width, activation, at(x_rows, i), at(dy_rows, i), scales, shifts, at(dx_rows, i),
                                static_cast<float*>(at(scale_sums, part).data),
                                static_cast<float*>(at(shift_sums, part).data));
      }
    });
    const auto total = [](const at::Tensor& parts, const at::Tensor& of) {
      return parts.defined() ? parts.sum(0).to(of.scalar_type()) : parts;
    };
    return {dx, total(d_scale, saved[1]), total(d_shift, saved[2]), {}};
  }
};

void check_width(const at::Tensor& x, const at::Tensor& parameter, const char* what) {
  if (parameter.dim() != 1 || parameter.size(0) != x.size(-1)) {
    throw ShapeError("affine", "the {} does not fit: expected [{}], got {}.", what, x.size(-1), shape_of(parameter));
  }
}

}  // namespace

at::Tensor affine(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, Activation activation) {
  check_width(x, scale, "scale");
  check_width(x, shift, "shift");
  const bool type = x.scalar_type() == at::kFloat || is_bf16(x);
  if (type && x.device().is_cpu() && x.numel() > 0 && kernels_in_use() == Kernels::fast) {
    return AffineOnKernels::apply(x, scale, shift, static_cast<int64_t>(activation));
  }
  return activate(x * scale.to(x.scalar_type()) + shift.to(x.scalar_type()), activation);
}

}  // namespace graft::tensor
