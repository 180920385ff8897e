#include "graft/tensor/attention.h"

#include <torch/torch.h>

#include <cmath>
#include <limits>

#include "graft/core/error.h"

namespace graft::tensor {
namespace {

std::string shape_of(const at::Tensor& t) { return fmt::format("[{}]", fmt::join(t.sizes(), ", ")); }

// [B, T, heads d] -> [B, heads, T, d]
at::Tensor split_heads(const at::Tensor& x, int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
}

at::Tensor with_extra(const at::Tensor& extra, const at::Tensor& own) {
  if (!extra.defined()) return own;
  return at::cat({extra.expand({own.size(0), -1, -1, -1}).to(own.scalar_type()), own}, 2);
}

at::Tensor plain(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t heads,
                 const AttentionOptions& options) {
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
    const auto hidden = at::ones({q.size(1), keys.size(2)}, scores.options().dtype(at::kBool))
                            .triu(keys.size(2) - q.size(1) + 1);
    scores = scores.masked_fill(hidden, never);
  }
  const auto mixed = at::matmul(at::softmax(scores, -1), values);  // [B, heads, Tq, d]
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

}  // namespace

at::Tensor attention(const at::Tensor& qkv, int64_t heads, const AttentionOptions& options) {
  if (qkv.dim() != 3 || qkv.size(2) % 3 != 0) {
    throw ShapeError("attention", "expected queries, keys and values side by side, [B, T, 3 D], got {}.", shape_of(qkv));
  }
  const auto parts = qkv.chunk(3, 2);
  return attention(parts[0], parts[1], parts[2], heads, options);
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t heads,
                     const AttentionOptions& options) {
  check(q, k, v, heads, options);
  return plain(q, k, v, heads, options);
}

}  // namespace graft::tensor
