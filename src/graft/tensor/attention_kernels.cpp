#include "graft/tensor/attention_kernels.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "graft/tensor/kernels.h"
#include "graft/tensor/workspace.h"

namespace graft::tensor {
namespace {

constexpr int64_t kQueryBlock =
    80;  // queries whose probabilities a backward holds at once: 257 tokens are 80, 80, 80, 17

int64_t round_up(int64_t n, int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// The rows of one head of one image in a [B, T, width] tensor.
template <class Pointer, class Row>
Row head_rows(Pointer data, const at::Tensor& t, int64_t image, int64_t column) {
  const bool bf16 = t.scalar_type() == at::kBFloat16;
  const auto offset = (image * t.stride(0) + column) * static_cast<int64_t>(t.element_size());
  return {data + offset, t.stride(1), bf16};
}
ConstRows read_head(const at::Tensor& t, int64_t image, int64_t column) {
  return head_rows<const char*, ConstRows>(static_cast<const char*>(t.const_data_ptr()), t, image, column);
}
Rows write_head(const at::Tensor& t, int64_t image, int64_t column) {
  return head_rows<char*, Rows>(static_cast<char*>(t.mutable_data_ptr()), t, image, column);
}

// One head of one image, with everything that its loops need.
struct Head {
  const KernelTable& kernels;
  const AttentionInputs& in;
  int64_t image, key_head;
  int64_t width, padded;  // of a head, and rounded up to whole panels
  int64_t extra, keys;    // extra + own
  float scale;

  Head(const KernelTable& k, const AttentionInputs& inputs, int64_t image_, int64_t key_head_)
      : kernels(k), in(inputs), image(image_), key_head(key_head_) {
    width = in.q.size(2) / in.heads;
    padded = round_up(width, kernels.panel);
    extra = in.options.extra_keys.defined() ? in.options.extra_keys.size(2) : 0;
    keys = extra + in.k.size(1);
    scale = static_cast<float>(in.options.scale != 0 ? in.options.scale : 1 / std::sqrt(static_cast<double>(width)));
  }

  int64_t queries() const { return in.q.size(1); }

  void copy_row(ConstRows rows, int64_t row, float* to) const {
    if (rows.bf16) {
      kernels.widen(width, static_cast<const bf16_bits*>(rows.data) + row * rows.stride, to);
    } else {
      std::copy_n(static_cast<const float*>(rows.data) + row * rows.stride, width, to);
    }
    std::fill(to + width, to + padded, 0.0f);
  }

  // The extra rows, then the sequence's own: [keys, padded].
  void gather(const at::Tensor& first, const at::Tensor& own, float* to) const {
    for (int64_t row = 0; row < extra; ++row) {
      const auto of_image = first.size(0) == 1 ? 0 : image;
      const auto* from = first.const_data_ptr<float>() + ((of_image * first.size(1) + key_head) * extra + row) * width;
      std::copy_n(from, width, to + row * padded);
      std::fill(to + row * padded + width, to + (row + 1) * padded, 0.0f);
    }
    const auto rows = read_head(own, image, key_head * width);
    for (int64_t row = extra; row < keys; ++row)
      copy_row(rows, row - extra, to + row * padded);
  }

  // Queries first .. first + count of a head as rows [count, padded].
  void gather_queries(const at::Tensor& from, int64_t head, int64_t first, int64_t count, float* to) const {
    const auto rows = read_head(from, image, head * width);
    for (int64_t i = 0; i < count; ++i)
      copy_row(rows, first + i, to + i * padded);
  }

  // How many keys the queries up to `last` can see.
  int64_t visible(int64_t last) const {
    if (!in.options.causal) return keys;
    return std::clamp<int64_t>(keys - queries() + last + 1, 0, keys);
  }

  // [count, padded] -> [width, panel] with zeros for the queries that a last panel lacks.
  void transpose(const float* rows, int64_t count, float* to) const {
    for (int64_t k = 0; k < width; ++k) {
      for (int64_t i = 0; i < count; ++i)
        to[k * kernels.panel + i] = rows[i * padded + k];
      std::fill(to + k * kernels.panel + count, to + (k + 1) * kernels.panel, 0.0f);
    }
  }

  // The mask on scores [keys, panel]; afterwards they are scaled already.
  void apply_mask(const at::Tensor& mask, int64_t head, int64_t first, int64_t count, int64_t seen, float* scores,
                  int64_t lds) const {
    const auto* from = mask.const_data_ptr<float>() + image * mask.stride(0) + head * mask.stride(1);
    for (int64_t key = 0; key < seen; ++key) {
      for (int64_t i = 0; i < count; ++i) {
        auto& score = scores[key * lds + i];
        score = score * scale + from[(first + i) * mask.stride(2) + key * mask.stride(3)];
      }
    }
  }

  void hide_later(int64_t first, int64_t count, int64_t seen, float* scores, int64_t lds) const {
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t key = visible(first + i); key < seen; ++key) {
        scores[key * lds + i] = -std::numeric_limits<float>::infinity();
      }
    }
  }

  // Scores of a panel of queries (transposed), [seen, panel]; returns the scale that is still to be applied.
  float score(const float* key_rows, const float* queries_transposed, int64_t head, int64_t first, int64_t count,
              int64_t seen, float* scores, int64_t lds) const {
    kernels.product(seen, width, key_rows, padded, queries_transposed, kernels.panel, scores, lds, false);
    if (in.options.mask.defined()) apply_mask(in.options.mask, head, first, count, seen, scores, lds);
    if (in.options.causal) hide_later(first, count, seen, scores, lds);
    return in.options.mask.defined() ? 1.0f : scale;
  }

  void write(const float* rows, Rows to, int64_t count) const {
    for (int64_t i = 0; i < count; ++i) {
      if (to.bf16) {
        kernels.narrow(width, rows + i * padded, static_cast<bf16_bits*>(to.data) + i * to.stride);
      } else {
        std::copy_n(rows + i * padded, width, static_cast<float*>(to.data) + i * to.stride);
      }
    }
  }
};

Rows row_of(Rows rows, int64_t i) {
  const auto size = static_cast<int64_t>(rows.bf16 ? sizeof(bf16_bits) : sizeof(float));
  return {static_cast<char*>(rows.data) + i * rows.stride * size, rows.stride, rows.bf16};
}

void forward_head(const Head& h, const AttentionForward& out) {
  static thread_local Scratch<float> scratch;
  const auto panel = h.kernels.panel, padded = h.padded, group = h.in.heads / (h.in.k.size(2) / h.width);
  float* const keys = scratch.of((2 * h.keys + 2 * panel) * padded + (h.width + h.keys + 1) * panel);
  float* const values = keys + h.keys * padded;
  float* const rows = values + h.keys * padded;
  float* const mixed = rows + panel * padded;
  float* const transposed = mixed + panel * padded;
  float* const scores = transposed + h.width * panel;
  float* const lse = scores + h.keys * panel;
  h.gather(h.in.options.extra_keys, h.in.k, keys);
  h.gather(h.in.options.extra_values, h.in.v, values);
  for (int64_t head = h.key_head * group; head < (h.key_head + 1) * group; ++head) {
    const auto to = write_head(out.mixed, h.image, head * h.width);
    float* const all_lse = out.lse.mutable_data_ptr<float>() + (h.image * h.in.heads + head) * h.queries();
    for (int64_t first = 0; first < h.queries(); first += panel) {
      const auto count = std::min(panel, h.queries() - first), seen = h.visible(first + count - 1);
      h.gather_queries(h.in.q, head, first, count, rows);
      h.transpose(rows, count, transposed);
      const auto scale = h.score(keys, transposed, head, first, count, seen, scores, panel);
      h.kernels.softmax(seen, scale, scores, panel, lse);
      for (int64_t column = 0; column < padded; column += panel) {
        h.kernels.product_of_transposed(count, seen, scores, panel, values + column, padded, mixed + column, padded,
                                        false);
      }
      h.write(mixed, row_of(to, first), count);
      std::copy_n(lse, count, all_lse + first);
    }
  }
}

struct BackwardTensors {
  at::Tensor lse, gradient, dq, dk, dv;
  at::Tensor extra_keys, extra_values;  // [B, key_heads, P, d] float32
};

void write_key_gradients(const Head& h, const float* rows, const at::Tensor& extra, const at::Tensor& own) {
  for (int64_t row = 0; row < h.extra; ++row) {
    auto* to = extra.mutable_data_ptr<float>() + ((h.image * extra.size(1) + h.key_head) * h.extra + row) * h.width;
    std::copy_n(rows + row * h.padded, h.width, to);
  }
  h.write(rows + h.extra * h.padded, write_head(own, h.image, h.key_head * h.width), h.keys - h.extra);
}

void backward_head(const Head& h, const BackwardTensors& t) {
  static thread_local Scratch<float> scratch;
  const auto panel = h.kernels.panel, padded = h.padded, group = h.in.heads / (h.in.k.size(2) / h.width);
  const auto block = std::min(round_up(kQueryBlock, panel), round_up(h.queries(), panel));
  float* const keys = scratch.of((4 * h.keys + 3 * block) * padded + 2 * h.width * panel + 2 * h.keys * block + panel);
  float* const values = keys + h.keys * padded;
  float* const dkeys = values + h.keys * padded;
  float* const dvalues = dkeys + h.keys * padded;
  float* const queries = dvalues + h.keys * padded;  // [block, padded]
  float* const dmixed = queries + block * padded;
  float* const dqueries = dmixed + block * padded;
  float* const transposed = dqueries + block * padded;  // [width, panel]
  float* const dtransposed = transposed + h.width * panel;
  float* const scores = dtransposed + h.width * panel;  // [keys, block]
  float* const dscores = scores + h.keys * block;
  float* const lse = dscores + h.keys * block;
  h.gather(h.in.options.extra_keys, h.in.k, keys);
  h.gather(h.in.options.extra_values, h.in.v, values);
  std::fill_n(dkeys, 2 * h.keys * padded, 0.0f);
  for (int64_t head = h.key_head * group; head < (h.key_head + 1) * group; ++head) {
    const auto dq = write_head(t.dq, h.image, head * h.width);
    const float* const all_lse = t.lse.const_data_ptr<float>() + (h.image * h.in.heads + head) * h.queries();
    for (int64_t start = 0; start < h.queries(); start += block) {
      const auto size = std::min(block, h.queries() - start), seen = h.visible(start + size - 1);
      h.gather_queries(h.in.q, head, start, size, queries);
      h.gather_queries(t.gradient, head, start, size, dmixed);
      for (int64_t first = 0; first < size; first += panel) {
        const auto count = std::min(panel, size - first);
        h.transpose(queries + first * padded, count, transposed);
        h.transpose(dmixed + first * padded, count, dtransposed);
        const auto scale = h.score(keys, transposed, head, start + first, count, seen, scores + first, block);
        h.kernels.product(seen, h.width, values, padded, dtransposed, panel, dscores + first, block, false);
        std::copy_n(all_lse + start + first, count, lse);
        std::fill(lse + count, lse + panel, std::numeric_limits<float>::infinity());  // queries that are not there
        h.kernels.softmax_backward(seen, scale, h.scale, scores + first, dscores + first, block, lse);
      }
      for (int64_t column = 0; column < padded; column += panel) {
        h.kernels.product_of_transposed(size, seen, dscores, block, keys + column, padded, dqueries + column, padded,
                                        false);
        h.kernels.product(seen, size, scores, block, dmixed + column, padded, dvalues + column, padded, true);
        h.kernels.product(seen, size, dscores, block, queries + column, padded, dkeys + column, padded, true);
      }
      h.write(dqueries, row_of(dq, start), size);
    }
  }
  write_key_gradients(h, dkeys, t.extra_keys, t.dk);
  write_key_gradients(h, dvalues, t.extra_values, t.dv);
}

template <class Body>
void for_each_head(const AttentionInputs& in, const Body& body) {
  const auto& kernels = *fast_kernels();
  const auto key_heads = in.k.size(2) / (in.q.size(2) / in.heads);
  at::parallel_for(0, in.q.size(0) * key_heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task)
      body(Head(kernels, in, task / key_heads, task % key_heads));
  });
}

}  // namespace

AttentionForward attention_forward(const AttentionInputs& in) {
  AttentionForward out{at::empty(in.q.sizes(), in.q.options()),
                       at::empty({in.q.size(0), in.heads, in.q.size(1)}, at::kFloat)};
  for_each_head(in, [&](const Head& head) { forward_head(head, out); });
  return out;
}

ExtraGradients attention_backward(const AttentionInputs& in, const at::Tensor& lse, const at::Tensor& gradient,
                                  const at::Tensor& dq, const at::Tensor& dk, const at::Tensor& dv) {
  BackwardTensors t{lse, gradient, dq, dk, dv, {}, {}};
  const auto& extra = in.options.extra_keys;
  if (extra.defined()) {
    t.extra_keys = at::empty({in.q.size(0), extra.size(1), extra.size(2), extra.size(3)}, at::kFloat);
    t.extra_values = at::empty_like(t.extra_keys);
  }
  for_each_head(in, [&](const Head& head) { backward_head(head, t); });
  if (!extra.defined() || extra.size(0) == in.q.size(0)) return {t.extra_keys, t.extra_values};
  return {t.extra_keys.sum(0, /*keepdim=*/true), t.extra_values.sum(0, /*keepdim=*/true)};
}

}  // namespace graft::tensor
