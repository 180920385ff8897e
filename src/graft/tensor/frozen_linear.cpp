#include "graft/tensor/frozen_linear.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/custom_class.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/tensor/few_rows.h"
#include "graft/tensor/frozen_map.h"
#include "graft/tensor/resting.h"
#include "graft/tensor/shapes.h"

namespace graft::tensor {

namespace {

// Rounded to what the precision can hold, in the weight's own type.
at::Tensor rounded(const at::Tensor& weight, Precision precision) {
  if (precision == Precision::fp32) return weight.clone();
  if (precision == Precision::bf16) return weight.to(at::kBFloat16).to(weight.scalar_type());
  const auto scale = weight.abs().amax(1, /*keepdim=*/true).clamp_min(1e-30) / 127;
  return at::round(weight / scale) * scale;
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// What the graph keeps of a call beside tensors. Its parameters are a, b, a, b ... of the branches, then the bias if
// there is one: an undefined tensor cannot be an input of a custom function.
struct LinearCall final : torch::CustomClassHolder {
  std::shared_ptr<FrozenLinear::Packed> packed;
  std::vector<double> scales;
  std::vector<int64_t> begins;
  Activation activation = Activation::none;
  bool keep = false;  // what a backward needs

  std::vector<LowRank> branches(at::TensorList parameters) const {
    std::vector<LowRank> result;
    for (size_t i = 0; i < scales.size(); ++i) {
      result.push_back({parameters[2 * i], parameters[2 * i + 1], scales[i], begins[i]});
    }
    return result;
  }
};

struct LinearOnKernels : torch::autograd::Function<LinearOnKernels> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, at::TensorList parameters,
                            const c10::intrusive_ptr<LinearCall>& call) {
    const auto branches = call->branches(parameters);
    const auto rows = x.reshape({-1, call->packed->in}).contiguous();
    const auto& packed = *call->packed;
    const bool few = !call->keep && FewRows::asked() && packed.precision != Precision::fp32 && packed.forward.source &&
                     has_byte_units(*packed.forward.source);
    auto result = map_forward(packed, few ? as_it_lies(packed.forward) : packed.forward, rows, branches,
                              call->activation, call->keep);
    if (call->keep) {
      variable_list saved{result.before, branches.empty() ? at::Tensor() : x};
      for (size_t i = 0; i < branches.size(); ++i) {
        saved.insert(saved.end(), {branches[i].a, branches[i].b, result.reduced[i]});
      }
      ctx->save_for_backward(std::move(saved));
      ctx->saved_data["call"] = c10::IValue::make_capsule(call);
    }
    auto sizes = x.sizes().vec();
    sizes.back() = call->packed->out;
    return result.y.view(sizes);
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto call = c10::static_intrusive_pointer_cast<LinearCall>(ctx->saved_data["call"].toCapsule());
    const auto saved = ctx->get_saved_variables();
    MapForward forward{.y = {}, .before = saved[0], .reduced = {}};
    variable_list parameters;
    MapWants wants{.x = ctx->needs_input_grad(0), .bias = false, .a = {}, .b = {}};
    const auto count = call->scales.size();
    for (size_t i = 0; i < count; ++i) {
      parameters.insert(parameters.end(), {saved[2 + 3 * i], saved[3 + 3 * i]});
      forward.reduced.push_back(saved[4 + 3 * i]);
      wants.a.push_back(ctx->needs_input_grad(1 + 2 * i));
      wants.b.push_back(ctx->needs_input_grad(2 + 2 * i));
    }
    if (call->packed->bias) wants.bias = ctx->needs_input_grad(1 + 2 * count);
    const auto dy = gradients[0].reshape({-1, call->packed->out}).contiguous();
    const auto x = saved[1].defined() ? saved[1].reshape({-1, call->packed->in}).contiguous() : at::Tensor();
    auto result = map_backward(*call->packed, dy, x, forward, call->branches(parameters), call->activation, wants);
    if (wants.x) {
      auto sizes = gradients[0].sizes().vec();
      sizes.back() = call->packed->in;
      result.x = result.x.view(sizes);
    }
    variable_list all{result.x};
    for (size_t i = 0; i < count; ++i)
      all.insert(all.end(), {result.a[i], result.b[i]});
    if (call->packed->bias) all.push_back(result.bias);
    all.emplace_back();  // the call itself
    return all;
  }
};

bool linear_fits_kernels(const at::Tensor& t) {
  return t.device().is_cpu() && (t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16);
}

at::Tensor on_kernels(const std::shared_ptr<FrozenLinear::Packed>& packed, const at::Tensor& x,
                      const std::vector<LowRank>& branches, Activation activation) {
  auto call = c10::make_intrusive<LinearCall>();
  call->packed = packed;
  call->activation = activation;
  variable_list parameters;
  for (const auto& branch : branches) {
    call->scales.push_back(branch.scale);
    call->begins.push_back(branch.begin);
    parameters.insert(parameters.end(), {branch.a, branch.b});
  }
  if (packed->bias) parameters.push_back(*packed->bias);
  call->keep = torch::autograd::compute_requires_grad(x, at::TensorList(parameters));
  return LinearOnKernels::apply(x, at::TensorList(parameters), call);
}

void check_input(const at::Tensor& x, int64_t in) {
  if (x.dim() < 1 || x.size(-1) != in) {
    throw ShapeError("frozen_linear", "the input does not fit the map: expected [..., {}], got {}.", in, shape_of(x));
  }
}

void check_bias(const std::optional<at::Tensor>& bias, int64_t out) {
  if (bias && (bias->dim() != 1 || bias->size(0) != out)) {
    throw ShapeError("frozen_linear", "the bias does not fit the weight: expected [{}], got {}.", out, shape_of(*bias));
  }
}

void check_branch(const LowRank& branch, int64_t in, int64_t out) {
  if (branch.a.dim() != 2 || branch.b.dim() != 2 || branch.a.size(1) != in || branch.a.size(0) != branch.b.size(1)) {
    throw ShapeError("frozen_linear",
                     "a low-rank branch does not fit: expected a [rank, {}] and b [rows, rank], got {} and {}.", in,
                     shape_of(branch.a), shape_of(branch.b));
  }
  if (branch.begin < 0 || branch.begin + branch.b.size(0) > out) {
    throw ShapeError("frozen_linear", "a low-rank branch adds to outputs {} to {}, the map has {}.", branch.begin,
                     branch.begin + branch.b.size(0), out);
  }
}

// The same function in plain operations, in the type of x.
at::Tensor plain(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                 const std::vector<LowRank>& branches, Activation activation) {
  const auto type = x.scalar_type();
  auto y = at::linear(x, weight.to(type), bias ? bias->to(type) : at::Tensor());
  for (const auto& branch : branches) {
    const auto change = branch.scale * at::linear(at::linear(x, branch.a.to(type)), branch.b.to(type));
    const auto after = y.size(-1) - branch.begin - branch.b.size(0);
    y = y + at::constant_pad_nd(change, {branch.begin, after});
  }
  return activate(y, activation);
}

}  // namespace

FrozenLinear::FrozenLinear(const QuantisedWeight& weight, const std::optional<at::Tensor>& bias, Precision precision)
    : packed_(std::make_shared<Packed>()) {
  check_bias(bias, weight.rows);
  packed_->in = weight.columns;
  packed_->out = weight.rows;
  packed_->precision = precision;
  packed_->bias = bias;
  if (precision == Precision::int8 && fast_kernels() && !has_byte_units(weight)) {
    packed_->forward = pack(dequantise(weight), precision, *fast_kernels());
  } else {
    packed_->forward = stay_quantised(weight, precision, fast_kernels());
  }
}

FrozenLinear::FrozenLinear(const at::Tensor& weight, const std::optional<at::Tensor>& bias, Precision precision) {
  if (const auto* quantised = quantised_of(weight)) {
    *this = FrozenLinear(*quantised, bias, precision);
    return;
  }
  if (weight.dim() != 2) {
    throw ShapeError("frozen_linear", "the weight is no matrix: expected [out, in], got {}.", shape_of(weight));
  }
  const auto numbers = numbers_of(weight).detach();
  if (precision == Precision::nf4) {
    *this = FrozenLinear(quantise_nf4(numbers), bias, precision);
    return;
  }
  check_bias(bias, weight.size(0));
  packed_ = std::make_shared<Packed>();
  packed_->in = weight.size(1);
  packed_->out = weight.size(0);
  packed_->precision = precision;
  packed_->bias = bias;
  if (linear_fits_kernels(numbers) && fast_kernels()) {
    packed_->forward = pack(numbers, precision, *fast_kernels());
  } else {
    packed_->plain = rounded(numbers, precision);
  }
}

at::Tensor FrozenLinear::forward(const at::Tensor& x, Activation activation) const {
  return forward_low_rank(x, {}, activation);
}

at::Tensor FrozenLinear::forward_low_rank(const at::Tensor& x, const std::vector<LowRank>& branches,
                                          Activation activation) const {
  check_input(x, in());
  for (const auto& branch : branches)
    check_branch(branch, in(), out());
  if (packed_->plain.defined() || kernels_in_use() == Kernels::plain || !linear_fits_kernels(x)) {
    return plain(x, weight(), packed_->bias, branches, activation);
  }
  return on_kernels(packed_, x, branches, activation);
}

int64_t FrozenLinear::in() const {
  return packed_->in;
}
int64_t FrozenLinear::out() const {
  return packed_->out;
}
Precision FrozenLinear::precision() const {
  return packed_->precision;
}
const std::optional<at::Tensor>& FrozenLinear::bias() const {
  return packed_->bias;
}
at::Tensor FrozenLinear::weight() const {
  return packed_->plain.defined() ? packed_->plain : unpack(packed_->forward);
}
int64_t FrozenLinear::bytes() const {
  return packed_->bytes();
}

}  // namespace graft::tensor
