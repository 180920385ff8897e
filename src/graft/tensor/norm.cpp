#include "graft/tensor/norm.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/tensor/kernels.h"
#include "graft/tensor/precision.h"
#include "graft/tensor/shapes.h"
#include "graft/tensor/tensor_rows.h"

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

const float* floats(const at::Tensor& t) {
  return t.defined() ? t.const_data_ptr<float>() : nullptr;
}

const float* row_of_floats(ConstRows rows, int64_t i) {
  return static_cast<const float*>(at(rows, i).data);
}

float* sum_of_floats(Rows sums, int64_t i) {
  return static_cast<float*>(at(sums, i / kRowsASum).data);
}

at::Tensor whole_floats(const at::Tensor& parameter) {
  return parameter.defined() ? parameter.detach().contiguous() : parameter;
}

// Which of the tensors that may be missing there are.
struct Present {
  bool change = false, weight = false, bias = false;
};

// The tensors of a call, as an undefined tensor cannot be an input of a custom function: x, then those of change,
// weight and bias that there are.
struct Inputs {
  at::Tensor x, change, weight, bias;

  Inputs(at::TensorList given, const Present& present) {
    size_t next = 0;
    x = given[next++];
    if (present.change) change = given[next++];
    if (present.weight) weight = given[next++];
    if (present.bias) bias = given[next++];
  }
};

// [x, change] -> [stream, normalised], or [x] -> [normalised].
struct NormOnKernels : torch::autograd::Function<NormOnKernels> {
  // For its backward: the stream and the moments, or, where the result is bf16, the normalised rows in bf16 too, half
  // as big, so that the stream can go.
  static variable_list forward(AutogradContext* ctx, at::TensorList given, const Present& present, double eps,
                               c10::ScalarType out_type, bool trains) {
    const auto& kernels = *fast_kernels();
    const Inputs in(given, present);
    const auto x = in.x.contiguous(), change = present.change ? in.change.contiguous() : at::Tensor();
    const auto weight = whole_floats(in.weight), bias = whole_floats(in.bias);
    const auto width = x.size(-1), rows = x.numel() / width;
    const auto stream = change.defined() ? at::empty_like(x) : at::Tensor();
    const auto out = at::empty(x.sizes(), x.options().dtype(out_type));
    const auto normalised = trains && out_type == at::kBFloat16 ? at::empty_like(out) : at::Tensor();
    const auto moments = at::empty({rows, 2}, x.options().dtype(at::kFloat));
    const auto x_rows = rows_of(x), change_rows = rows_of(change);
    const auto stream_rows = rows_of_result(stream), kept_rows = rows_of_result(normalised),
               out_rows = rows_of_result(out);
    const auto *factors = floats(weight), *offsets = floats(bias);
    auto* const of_rows = moments.mutable_data_ptr<float>();
    at::parallel_for(0, rows, kRowsATask, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto m = kernels.layer_norm(width, static_cast<float>(eps), row_of_floats(x_rows, i), at(change_rows, i),
                                          factors, offsets, at(stream_rows, i), at(kept_rows, i), at(out_rows, i));
        of_rows[2 * i] = m.mean;
        of_rows[2 * i + 1] = m.inverse_deviation;
      }
    });
    ctx->save_for_backward({normalised.defined() ? normalised : change.defined() ? stream : in.x, moments, in.weight});
    auto& saved = ctx->saved_data;
    saved["change"] = present.change;
    saved["weight"] = present.weight;
    saved["bias"] = present.bias;
    saved["change_type"] = static_cast<int64_t>(change.defined() ? change.scalar_type() : at::kFloat);
    ctx->set_materialize_grads(false);
    return change.defined() ? variable_list{stream, out} : variable_list{out};
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto saved = ctx->get_saved_variables();
    const auto kept = saved[0].contiguous();  // the stream, or the normalised rows
    const bool is_normalised = kept.scalar_type() == at::kBFloat16;
    const auto flag = [&](const char* name) { return ctx->saved_data[name].toBool(); };
    const Present present{.change = flag("change"), .weight = flag("weight"), .bias = flag("bias")};
    const auto change_type = static_cast<c10::ScalarType>(ctx->saved_data["change_type"].toInt());
    auto d_stream = present.change ? gradients[0] : at::Tensor();
    Gradients result;
    if (!gradients.back().defined()) {
      result.x = d_stream;
      if (present.change && d_stream.defined()) result.change = d_stream.to(change_type);
      return result.list(present);
    }
    const auto d_out = gradients.back().contiguous();
    if (d_stream.defined()) d_stream = d_stream.to(at::kFloat).contiguous();
    if (ctx->needs_input_grad(0) || change_type == at::kFloat)
      result.x = at::empty(kept.sizes(), kept.options().dtype(at::kFloat));
    if (present.change && change_type != at::kFloat)
      result.change = at::empty(kept.sizes(), kept.options().dtype(change_type));
    const size_t first = present.change ? 2 : 1;
    const auto width = kept.size(-1), rows = kept.numel() / width, sums = (rows + kRowsASum - 1) / kRowsASum;
    const auto wanted = [&](bool there, size_t input) {
      return there && ctx->needs_input_grad(input) ? at::zeros({sums, width}, kept.options().dtype(at::kFloat))
                                                   : at::Tensor();
    };
    const auto d_weight = wanted(present.weight, first), d_bias = wanted(present.bias, first + present.weight);
    const auto weight = whole_floats(saved[2]);
    const auto kept_rows = rows_of(kept), d_out_rows = rows_of(d_out), d_stream_rows = rows_of(d_stream);
    const auto x_rows = rows_of_result(result.x), change_rows = rows_of_result(result.change);
    const auto weight_sums = rows_of_result(d_weight), bias_sums = rows_of_result(d_bias);
    const auto *factors = floats(weight), *moments = floats(saved[1]);
    const auto& kernels = *fast_kernels();
    const auto backward_row = [&](int64_t i) {
      const auto mean = moments[2 * i], inverse = moments[2 * i + 1];
      const KernelTable::Normalised normalised{at(kept_rows, i), is_normalised ? 0 : mean, is_normalised ? 1 : inverse};
      kernels.layer_norm_backward(width, inverse, normalised, at(d_out_rows, i), factors,
                                  row_of_floats(d_stream_rows, i), at(x_rows, i), at(change_rows, i));
      if (weight_sums.data || bias_sums.data) {
        kernels.layer_norm_parameters(width, normalised, at(d_out_rows, i), sum_of_floats(weight_sums, i),
                                      sum_of_floats(bias_sums, i));
      }
    };
    at::parallel_for(0, sums, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * kRowsASum; i < std::min(rows, end * kRowsASum); ++i)
        backward_row(i);
    });
    if (present.change && change_type == at::kFloat) result.change = result.x;
    if (d_weight.defined()) result.weight = d_weight.sum(0);
    if (d_bias.defined()) result.bias = d_bias.sum(0);
    return result.list(present);
  }

 private:
  struct Gradients {
    at::Tensor x, change, weight, bias;
    variable_list list(const Present& present) const {
      variable_list all{x};
      if (present.change) all.push_back(change);
      if (present.weight) all.push_back(weight);
      if (present.bias) all.push_back(bias);
      all.resize(all.size() + 4);  // the arguments that are no tensors
      return all;
    }
  };
};

bool use_kernels(const at::Tensor& x, const LayerNorm& norm, c10::ScalarType out) {
  const bool types = x.scalar_type() == at::kFloat && (out == at::kFloat || out == at::kBFloat16);
  const auto fits = [](const at::Tensor& t) { return !t.defined() || t.scalar_type() == at::kFloat; };
  return types && fits(norm.weight) && fits(norm.bias) && x.device().is_cpu() && kernels_in_use() == Kernels::fast &&
         x.numel() > 0;
}

variable_list on_kernels(const at::Tensor& x, const at::Tensor& change, const LayerNorm& norm, c10::ScalarType out) {
  const Present present{.change = change.defined(), .weight = norm.weight.defined(), .bias = norm.bias.defined()};
  variable_list inputs{x};
  for (const auto& t : {change, norm.weight, norm.bias}) {
    if (t.defined()) inputs.push_back(t);
  }
  const bool trains = at::GradMode::is_enabled() &&
                      std::any_of(inputs.begin(), inputs.end(), [](const auto& t) { return t.requires_grad(); });
  return NormOnKernels::apply(at::TensorList(inputs), present, norm.eps, out, trains);
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
    const auto both = on_kernels(x, change, norm, out);
    return {both[0], both[1]};
  }
  const auto stream = x + change.to(x.scalar_type());
  return {stream, plain_layer_norm(stream, norm, out)};
}

at::Tensor layer_norm(const at::Tensor& x, const LayerNorm& norm, c10::ScalarType out) {
  check_width(x, norm.weight, "weight");
  check_width(x, norm.bias, "bias");
  if (use_kernels(x, norm, out)) return on_kernels(x, {}, norm, out)[0];
  return plain_layer_norm(x, norm, out);
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, c10::ScalarType out) {
  check_width(x, weight, "weight");
  const auto normalised = x * at::rsqrt(x.square().mean(-1, /*keepdim=*/true) + eps);
  return (weight.defined() ? normalised * as(weight, x) : normalised).to(out);
}

}  // namespace graft::tensor
