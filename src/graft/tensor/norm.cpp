#include "graft/tensor/norm.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/tensor/kernels.h"
#include "graft/tensor/precision.h"
#include "graft/tensor/shapes.h"

namespace graft::tensor {
namespace {

void check_width(const at::Tensor& x, const at::Tensor& parameter, const char* what) {
  if (parameter.defined() && (parameter.dim() != 1 || parameter.size(0) != x.size(-1))) {
    throw ShapeError("norm", "the {} does not fit: expected [{}], got {}.", what, x.size(-1), shape_of(parameter));
  }
}

at::Tensor as(const at::Tensor& parameter, const at::Tensor& x) {
  return parameter.defined() ? parameter.to(x.scalar_type()) : parameter;
}

at::Tensor plain_layer_norm(const at::Tensor& x, const LayerNorm& norm, c10::ScalarType out) {
  return at::layer_norm(x, {x.size(-1)}, as(norm.weight, x), as(norm.bias, x), norm.eps).to(out);
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kRowsATask = 32;

bool is_bf16(const at::Tensor& t) {
  return t.scalar_type() == at::kBFloat16;
}

ConstRows const_row(const at::Tensor& t, int64_t i) {
  if (!t.defined()) return {};
  const auto bytes = i * t.size(-1) * static_cast<int64_t>(t.element_size());
  return {static_cast<const char*>(t.const_data_ptr()) + bytes, 0, is_bf16(t)};
}

Rows row(const at::Tensor& t, int64_t i) {
  if (!t.defined()) return {};
  const auto bytes = i * t.size(-1) * static_cast<int64_t>(t.element_size());
  return {static_cast<char*>(t.mutable_data_ptr()) + bytes, 0, is_bf16(t)};
}

const float* floats(const at::Tensor& t) {
  return t.defined() ? t.const_data_ptr<float>() : nullptr;
}

// The norm, which is a constant here; float32.
struct Constants {
  at::Tensor weight, bias;
  double eps;
};

// [x, change] -> [stream, normalised], or [x] -> [normalised].
struct OnKernels : torch::autograd::Function<OnKernels> {
  static variable_list forward(AutogradContext* ctx, at::TensorList inputs, const Constants& norm,
                               c10::ScalarType out_type) {
    const auto& kernels = *fast_kernels();
    const auto x = inputs[0].contiguous(), change = inputs.size() > 1 ? inputs[1].contiguous() : at::Tensor();
    const auto width = x.size(-1), rows = x.numel() / width;
    const auto stream = change.defined() ? at::empty_like(x) : at::Tensor();
    const auto out = at::empty(x.sizes(), x.options().dtype(out_type));
    const auto moments = at::empty({rows, 2}, at::kFloat);
    at::parallel_for(0, rows, kRowsATask, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto m =
            kernels.layer_norm(width, static_cast<float>(norm.eps), floats(x) + i * width, const_row(change, i),
                               floats(norm.weight), floats(norm.bias), row(stream, i), row(out, i));
        auto* const kept = moments.mutable_data_ptr<float>() + 2 * i;
        kept[0] = m.mean;
        kept[1] = m.inverse_deviation;
      }
    });
    ctx->save_for_backward({change.defined() ? stream : inputs[0], moments, norm.weight});
    ctx->saved_data["change"] = change.defined();
    ctx->saved_data["change_type"] = static_cast<int64_t>(change.defined() ? change.scalar_type() : at::kFloat);
    ctx->set_materialize_grads(false);
    return change.defined() ? variable_list{stream, out} : variable_list{out};
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto& kernels = *fast_kernels();
    const auto saved = ctx->get_saved_variables();
    const auto stream = saved[0].contiguous();
    const bool has_change = ctx->saved_data["change"].toBool();
    const auto change_type = static_cast<c10::ScalarType>(ctx->saved_data["change_type"].toInt());
    const auto& d_out_in = gradients.back();
    auto d_stream = has_change ? gradients[0] : at::Tensor();
    at::Tensor dx, d_change;
    if (!d_out_in.defined()) {
      dx = d_stream;
      if (has_change && dx.defined()) d_change = dx.to(change_type);
      return gradients_of(dx, d_change, has_change);
    }
    const auto d_out = d_out_in.contiguous();
    if (d_stream.defined()) d_stream = d_stream.to(at::kFloat).contiguous();
    if (ctx->needs_input_grad(0) || change_type == at::kFloat) dx = at::empty_like(stream);
    if (has_change && change_type != at::kFloat)
      d_change = at::empty(stream.sizes(), stream.options().dtype(change_type));
    const auto width = stream.size(-1), rows = stream.numel() / width;
    at::parallel_for(0, rows, kRowsATask, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto* kept = floats(saved[1]) + 2 * i;
        const auto* d_row = d_stream.defined() ? floats(d_stream) + i * width : nullptr;
        kernels.layer_norm_backward(width, {kept[0], kept[1]}, floats(stream) + i * width, const_row(d_out, i),
                                    floats(saved[2]), d_row, row(dx, i), row(d_change, i));
      }
    });
    if (has_change && change_type == at::kFloat) d_change = dx;
    return gradients_of(dx, d_change, has_change);
  }

 private:
  static variable_list gradients_of(const at::Tensor& dx, const at::Tensor& d_change, bool has_change) {
    if (has_change) return {dx, d_change, at::Tensor(), at::Tensor()};
    return {dx, at::Tensor(), at::Tensor()};
  }
};

bool trains(const at::Tensor& parameter) {
  return parameter.defined() && parameter.requires_grad();
}

bool use_kernels(const at::Tensor& x, const LayerNorm& norm, c10::ScalarType out) {
  const bool types = x.scalar_type() == at::kFloat && (out == at::kFloat || out == at::kBFloat16);
  return types && x.device().is_cpu() && kernels_in_use() == Kernels::fast && x.numel() > 0 &&
         !(at::GradMode::is_enabled() && (trains(norm.weight) || trains(norm.bias)));
}

at::Tensor whole_floats(const at::Tensor& parameter) {
  return parameter.defined() ? parameter.detach().to(at::kFloat).contiguous() : parameter;
}

variable_list on_kernels(at::TensorList inputs, const LayerNorm& norm, c10::ScalarType out) {
  return OnKernels::apply(inputs, Constants{whole_floats(norm.weight), whole_floats(norm.bias), norm.eps}, out);
}

}  // namespace

AddNormed add_layer_norm(const at::Tensor& x, const at::Tensor& change, const LayerNorm& norm, c10::ScalarType out) {
  if (x.sizes() != change.sizes()) {
    throw ShapeError("norm", "the change does not fit the stream: expected {}, got {}.", shape_of(x), shape_of(change));
  }
  check_width(x, norm.weight, "weight");
  check_width(x, norm.bias, "bias");
  const bool change_fits = change.scalar_type() == at::kFloat || change.scalar_type() == at::kBFloat16;
  if (change_fits && use_kernels(x, norm, out)) {
    const auto both = on_kernels({x, change}, norm, out);
    return {both[0], both[1]};
  }
  const auto stream = x + change.to(x.scalar_type());
  return {stream, plain_layer_norm(stream, norm, out)};
}

at::Tensor layer_norm(const at::Tensor& x, const LayerNorm& norm, c10::ScalarType out) {
  check_width(x, norm.weight, "weight");
  check_width(x, norm.bias, "bias");
  if (use_kernels(x, norm, out)) return on_kernels({x}, norm, out)[0];
  return plain_layer_norm(x, norm, out);
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, c10::ScalarType out) {
  check_width(x, weight, "weight");
  const auto normalised = x * at::rsqrt(x.square().mean(-1, /*keepdim=*/true) + eps);
  return (weight.defined() ? normalised * as(weight, x) : normalised).to(out);
}

}  // namespace graft::tensor
