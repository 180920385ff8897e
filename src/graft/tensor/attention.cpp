#include "graft/tensor/attention.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "graft/core/error.h"
#include "graft/tensor/attention_kernels.h"
#include "graft/tensor/precision.h"
#include "graft/tensor/shapes.h"

namespace graft::tensor {
namespace {

// [B, T, heads d] -> [B, heads, T, d]
at::Tensor split_heads(const at::Tensor& x, int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
}

at::Tensor with_extra(const at::Tensor& extra, const at::Tensor& own) {
  if (!extra.defined()) return own;
  return at::cat({extra.expand({own.size(0), -1, -1, -1}).to(own.scalar_type()), own}, 2);
}

// Keys that are padding hidden by the mask.
AttentionOptions with_mask(AttentionOptions options, int64_t extra) {
  if (!options.present.defined()) return options;
  auto seen = at::constant_pad_nd(options.present, {extra, 0}, 1);  // [B, extra + Tk]
  seen = seen.view({seen.size(0), 1, 1, seen.size(1)});
  if (!options.mask.defined()) {
    options.mask = seen;
  } else if (options.mask.scalar_type() == at::kBool) {
    options.mask = options.mask.logical_and(seen);
  } else {
    options.mask = options.mask.masked_fill(seen.logical_not(), -std::numeric_limits<double>::infinity());
  }
  options.present = at::Tensor();
  return options;
}

// How many rows of each sequence are present, if those come first; nothing: padding lies between them.
std::optional<std::vector<int64_t>> lengths_of(const at::Tensor& present) {
  const auto rows = present.contiguous();
  std::vector<int64_t> lengths;
  for (int64_t i = 0; i < rows.size(0); ++i) {
    const bool* begin = rows.const_data_ptr<bool>() + i * rows.size(1);
    const bool* end = begin + rows.size(1);
    const bool* const last = std::find(begin, end, false);
    if (std::find(last, end, true) != end) return {};
    lengths.push_back(last - begin);
  }
  return lengths;
}

at::Tensor without_padding(const at::Tensor& mixed, const at::Tensor& present) {
  return mixed.masked_fill(present.logical_not().unsqueeze(2), 0);
}

int64_t extra_rows(const AttentionOptions& options) {
  return options.extra_keys.defined() ? options.extra_keys.size(2) : 0;
}

at::Tensor plain(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t heads,
                 const AttentionOptions& given) {
  const auto options = with_mask(given, extra_rows(given));
  const auto width = q.size(2) / heads, key_heads = k.size(2) / width;
  const auto queries = split_heads(q, heads);
  auto keys = with_extra(options.extra_keys, split_heads(k, key_heads));
  auto values = with_extra(options.extra_values, split_heads(v, key_heads));
  if (key_heads != heads) {
    keys = keys.repeat_interleave(heads / key_heads, 1);
    values = values.repeat_interleave(heads / key_heads, 1);
  }
  const auto scale = options.scale != 0 ? options.scale : 1 / std::sqrt(static_cast<double>(width));
  auto scores = at::matmul(queries, keys.transpose(2, 3)) * scale;  // [B, heads, Tq, P + Tk]
  const auto never = -std::numeric_limits<double>::infinity();
  if (options.mask.defined()) {
    scores = options.mask.scalar_type() == at::kBool ? scores.masked_fill(options.mask.logical_not(), never)
                                                     : scores + options.mask.to(scores.scalar_type());
  }
  if (options.causal) {
    const auto hidden =
        at::ones({q.size(1), keys.size(2)}, scores.options().dtype(at::kBool)).triu(keys.size(2) - q.size(1) + 1);
    scores = scores.masked_fill(hidden, never);
  }
  at::Tensor shares;
  if (options.mask.defined()) {
    const auto blind = (scores == never).all(-1, /*keepdim=*/true);  // queries that see no key get zeros, not NaN
    shares = at::softmax(scores.masked_fill(blind, 0), -1).masked_fill(blind, 0);
  } else {
    shares = at::softmax(scores, -1);
  }
  const auto mixed = at::matmul(shares, values);  // [B, heads, Tq, d]
  return mixed.transpose(1, 2).reshape({q.size(0), q.size(1), q.size(2)});
}

void check(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t heads,
           const AttentionOptions& options) {
  if (q.dim() != 3 || k.dim() != 3 || v.sizes() != k.sizes() || q.size(0) != k.size(0)) {
    throw ShapeError("attention", "expected q [B, Tq, D] and k, v [B, Tk, D'] of one batch, got {}, {} and {}.",
                     shape_of(q), shape_of(k), shape_of(v));
  }
  if (heads < 1 || q.size(2) % heads != 0) {
    throw ShapeError("attention", "{} heads do not divide a width of {}.", heads, q.size(2));
  }
  const auto width = q.size(2) / heads;
  if (k.size(2) % width != 0 || heads % std::max<int64_t>(k.size(2) / width, 1) != 0) {
    throw ShapeError("attention", "keys of width {} are no whole number of heads of width {} that divides {}.",
                     k.size(2), width, heads);
  }
  const auto& present = options.present;
  if (present.defined() && (present.scalar_type() != at::kBool || present.dim() != 2 || present.size(0) != k.size(0) ||
                            present.size(1) != k.size(1))) {
    throw ShapeError("attention", "expected [{}, {}] of bool for the keys that are present, got {}.", k.size(0),
                     k.size(1), shape_of(present));
  }
  if (options.extra_keys.defined() != options.extra_values.defined()) {
    throw ShapeError("attention", "extra keys and extra values come together.");
  }
  if (!options.extra_keys.defined()) return;
  const auto& extra = options.extra_keys;
  if (extra.dim() != 4 || options.extra_values.sizes() != extra.sizes() || extra.size(3) != width ||
      extra.size(1) != k.size(2) / width || (extra.size(0) != 1 && extra.size(0) != q.size(0))) {
    throw ShapeError("attention", "extra keys and values do not fit: expected [{} or 1, {}, P, {}], got {} and {}.",
                     q.size(0), k.size(2) / width, width, shape_of(extra), shape_of(options.extra_values));
  }
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// What the graph keeps beside tensors, and the mask, which gets no gradient.
struct AttentionCall final : torch::CustomClassHolder {
  int64_t heads = 1;
  double scale = 0;
  bool causal = false;
  bool extra = false;
  at::Tensor mask;
  std::vector<int64_t> lengths;
};

// [B, T, width], last stride 1, for the kernels.
at::Tensor with_whole_rows(const at::Tensor& t) {
  return t.stride(2) == 1 ? t : t.contiguous();
}

// The tensors of a call: one fused [qkv] or three [q, k, v], then the extra keys and values if there are any (an
// undefined tensor cannot be an input of a custom function).
struct Parts {
  at::TensorList own, extra;
};
Parts parts_of(at::TensorList tensors, const AttentionCall& call) {
  const auto own = tensors.size() - (call.extra ? 2 : 0);
  return {tensors.slice(0, own), tensors.slice(own)};
}

AttentionInputs inputs_of(const Parts& parts, const AttentionCall& call) {
  const auto own = parts.own.size() == 1 ? parts.own[0].chunk(3, 2) : parts.own.vec();
  AttentionInputs in{
      own[0], own[1], own[2], call.heads, {.scale = call.scale, .causal = call.causal, .mask = call.mask}};
  in.lengths = call.lengths;
  in.of_one = parts.own.size() == 1;
  if (call.extra) {
    in.options.extra_keys = parts.extra[0].detach().to(at::kFloat).contiguous();
    in.options.extra_values = parts.extra[1].detach().to(at::kFloat).contiguous();
  }
  return in;
}

struct AttentionOnKernels : torch::autograd::Function<AttentionOnKernels> {
  static at::Tensor forward(AutogradContext* ctx, at::TensorList tensors,
                            const c10::intrusive_ptr<AttentionCall>& call) {
    const auto result = attention_forward(inputs_of(parts_of(tensors, *call), *call));
    auto saved = tensors.vec();
    saved.push_back(result.lse);
    ctx->save_for_backward(std::move(saved));
    ctx->saved_data["call"] = c10::IValue::make_capsule(call);
    return result.mixed;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto call = c10::static_intrusive_pointer_cast<AttentionCall>(ctx->saved_data["call"].toCapsule());
    const auto saved = ctx->get_saved_variables();
    const auto parts = parts_of(at::TensorList(saved).slice(0, saved.size() - 1), *call);
    variable_list result;
    for (const auto& t : parts.own)
      result.push_back(at::empty(t.sizes(), t.options()));
    const auto own = result.size() == 1 ? result[0].chunk(3, 2) : result;
    const auto extra = attention_backward(inputs_of(parts, *call), saved.back(), with_whole_rows(gradients[0]), own[0],
                                          own[1], own[2]);
    if (call->extra) {
      result.push_back(extra.keys.to(parts.extra[0].scalar_type()));
      result.push_back(extra.values.to(parts.extra[1].scalar_type()));
    }
    result.emplace_back();  // the call itself
    return result;
  }
};

// An additive float32 mask with all four dimensions, of stride 0 where it is broadcast.
at::Tensor full_mask(const at::Tensor& mask, at::IntArrayRef sizes) {
  if (!mask.defined()) return mask;
  auto added = mask.detach();
  if (added.scalar_type() == at::kBool) {
    added = at::zeros(mask.sizes(), mask.options().dtype(at::kFloat))
                .masked_fill_(mask.logical_not(), -std::numeric_limits<float>::infinity());
  }
  return added.to(at::kFloat).expand(sizes);
}

bool attention_fits_kernels(const at::Tensor& t) {
  return t.device().is_cpu() && (t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16);
}

at::Tensor on_kernels(std::vector<at::Tensor> own, int64_t heads, const AttentionOptions& given) {
  auto options = given;
  auto call = c10::make_intrusive<AttentionCall>();
  if (options.present.defined()) {
    if (auto lengths = lengths_of(options.present)) {
      call->lengths = std::move(*lengths);
    } else {
      options = with_mask(std::move(options), extra_rows(given));
    }
  }
  call->heads = heads;
  call->scale = options.scale;
  call->causal = options.causal;
  call->extra = options.extra_keys.defined();
  const auto keys = own.back().size(1) + extra_rows(options);
  call->mask = full_mask(options.mask, {own[0].size(0), heads, own[0].size(1), keys});
  for (auto& t : own)
    t = with_whole_rows(t);
  if (call->extra) own.insert(own.end(), {options.extra_keys, options.extra_values});
  const auto mixed = AttentionOnKernels::apply(at::TensorList(own), call);
  const bool fused = own.size() == (call->extra ? 3 : 1), hidden = given.present.defined() && call->lengths.empty();
  return fused && hidden ? without_padding(mixed, given.present) : mixed;
}

bool use_kernels(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return kernels_in_use() == Kernels::fast && attention_fits_kernels(q) && q.scalar_type() == k.scalar_type() &&
         q.scalar_type() == v.scalar_type();
}

}  // namespace

at::Tensor attention(const at::Tensor& qkv, int64_t heads, const AttentionOptions& options) {
  if (qkv.dim() != 3 || qkv.size(2) % 3 != 0) {
    throw ShapeError("attention", "expected queries, keys and values side by side, [B, T, 3 D], got {}.",
                     shape_of(qkv));
  }
  const auto parts = qkv.chunk(3, 2);
  check(parts[0], parts[1], parts[2], heads, options);
  if (use_kernels(qkv, qkv, qkv)) return on_kernels({qkv}, heads, options);
  const auto mixed = plain(parts[0], parts[1], parts[2], heads, options);
  return options.present.defined() ? without_padding(mixed, options.present) : mixed;
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t heads,
                     const AttentionOptions& options) {
  check(q, k, v, heads, options);
  if (use_kernels(q, k, v)) return on_kernels({q, k, v}, heads, options);
  return plain(q, k, v, heads, options);
}

}  // namespace graft::tensor
