#include "graft/tensor/attention_kernels.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "graft/tensor/kernels.h"
#include "graft/tensor/workspace.h"

namespace graft::tensor {
namespace {

constexpr int64_t kQueryBlock = 80;  // queries whose probabilities a backward holds at once

int64_t round_up(int64_t n, int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// What the products of a head multiply: float32, or bf16 two numbers at a time where the processor does so. Matrices
// lie in three ways, kGroup numbers that meet in one step side by side:
//   rows     [n, width]                     the left side of a product, contracted along its width
//   panel    [width / kGroup, panel, kGroup]  a panel of rows as the right side, contracted along its width
//   stacked  [n / kGroup, padded, kGroup]     the right side (or, of scores, a transposed left side), contracted along
//   n
template <class Number>
struct Arithmetic;

template <>
struct Arithmetic<float> {
  static constexpr int64_t kGroup = 1;
  static auto product(const KernelTable& k) { return k.product; }
  static auto product_of_transposed(const KernelTable& k) { return k.product_of_transposed; }
  static void copy(const KernelTable& k, ConstRows rows, int64_t i, int64_t n, float* to) {
    if (rows.bf16) {
      k.widen(n, static_cast<const bf16_bits*>(rows.data) + i * rows.stride, to);
    } else {
      std::copy_n(static_cast<const float*>(rows.data) + i * rows.stride, n, to);
    }
  }
};

template <>
struct Arithmetic<bf16_bits> {
  static constexpr int64_t kGroup = 2;
  static auto product(const KernelTable& k) { return k.product_of_bf16; }
  static auto product_of_transposed(const KernelTable& k) { return k.product_of_transposed_bf16; }
  static void copy(const KernelTable& k, ConstRows rows, int64_t i, int64_t n, bf16_bits* to) {
    if (rows.bf16) {
      std::copy_n(static_cast<const bf16_bits*>(rows.data) + i * rows.stride, n, to);
    } else {
      k.narrow(n, static_cast<const float*>(rows.data) + i * rows.stride, to);
    }
  }
};

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

Rows row_of(Rows rows, int64_t i) {
  const auto size = static_cast<int64_t>(rows.bf16 ? sizeof(bf16_bits) : sizeof(float));
  return {static_cast<char*>(rows.data) + i * rows.stride * size, rows.stride, rows.bf16};
}

// Rows as a product reads them, `stride` numbers apart; stacked, so many from one group to the next.
template <class Number>
struct Matrix {
  const Number* data;
  int64_t stride;
  const Number* row(int64_t i) const { return data + i * stride; }
};

// One head of one image, with everything that its loops need.
template <class Number>
struct Head {
  using A = Arithmetic<Number>;
  static constexpr int64_t kGroup = A::kGroup;

  const KernelTable& kernels;
  const AttentionInputs& in;
  int64_t image, key_head;
  int64_t width, even, padded;  // of a head; rounded up to whole groups, and to whole panels
  int64_t extra, keys;          // extra + own
  int64_t queries;              // that are no padding
  int64_t panel;
  float scale;

  Head(const KernelTable& k, const AttentionInputs& inputs, int64_t image_, int64_t key_head_)
      : kernels(k), in(inputs), image(image_), key_head(key_head_), panel(k.panel) {
    width = in.q.size(2) / in.heads;
    even = round_up(width, kGroup);
    padded = round_up(width, panel);
    extra = in.options.extra_keys.defined() ? in.options.extra_keys.size(2) : 0;
    const auto own = in.lengths.empty() ? in.k.size(1) : in.lengths[static_cast<size_t>(image)];
    keys = extra + own;
    queries = in.of_one ? own : in.q.size(1);
    scale = static_cast<float>(in.options.scale != 0 ? in.options.scale : 1 / std::sqrt(static_cast<double>(width)));
  }

  int64_t group() const { return in.heads / (in.k.size(2) / width); }  // query heads that share these keys
  int64_t stacked_size(int64_t rows) const { return round_up(rows, kGroup) * padded; }

  // The extra rows, then the sequence's own, `padded` numbers wide: as they lie, or copied to `to`.
  Matrix<Number> gather(const at::Tensor& first, const at::Tensor& own, Number* to) const {
    const auto rows = read_head(own, image, key_head * width);
    if (extra == 0) return as_rows(rows, 0, keys, to);
    const auto of_image = first.size(0) == 1 ? 0 : image;
    const auto* from = first.const_data_ptr<float>() + (of_image * first.size(1) + key_head) * extra * width;
    copy_rows({from, width, false}, 0, extra, to);
    copy_rows(rows, 0, keys - extra, to + extra * padded);
    return {to, padded};
  }

  // Queries first .. first + count of a head, in the same way.
  Matrix<Number> gather_queries(const at::Tensor& from, int64_t head, int64_t first, int64_t count, Number* to) const {
    return as_rows(read_head(from, image, head * width), first, count, to);
  }

  // Asks the memory for rows that will be read soon: they lie a page apart, where the processor does not do so itself.
  void prefetch(const at::Tensor& from, int64_t head, int64_t first, int64_t count) const {
    const auto rows = read_head(from, image, head * width);
    const auto size = static_cast<int64_t>(rows.bf16 ? sizeof(bf16_bits) : sizeof(float));
    const auto* data = static_cast<const char*>(rows.data);
    const auto last = std::min(first + count, from.size(1));
    for (int64_t i = first; i < last; ++i) {
      for (int64_t byte = 0; byte < width * size; byte += 64)
        __builtin_prefetch(data + i * rows.stride * size + byte);
    }
  }

  Matrix<Number> as_rows(ConstRows rows, int64_t first, int64_t count, Number* to) const {
    if (width == padded && rows.bf16 == (kGroup == 2))
      return {static_cast<const Number*>(rows.data) + first * rows.stride, rows.stride};
    copy_rows(rows, first, count, to);
    return {to, padded};
  }

  void copy_rows(ConstRows rows, int64_t first, int64_t count, Number* to) const {
    for (int64_t i = 0; i < count; ++i) {
      A::copy(kernels, rows, first + i, width, to + i * padded);
      std::fill(to + i * padded + width, to + (i + 1) * padded, Number{});
    }
  }

  // Rows where their contraction runs along them; floats are used as they lie.
  Matrix<Number> stack(Matrix<Number> rows, int64_t n, Number* to) const {
    if constexpr (kGroup == 1) {
      return rows;
    } else {
      for (int64_t i = 0; i < n; i += 2)
        kernels.interleave(padded, rows.row(i), i + 1 < n ? rows.row(i + 1) : nullptr, to + i * padded);
      return {to, 2 * padded};
    }
  }

  // How many keys the queries up to `last` can see.
  int64_t visible(int64_t last) const {
    if (!in.options.causal) return keys;
    return std::clamp<int64_t>(extra + in.k.size(1) - in.q.size(1) + last + 1, 0, keys);
  }

  // `count` rows -> [even / kGroup, panel, kGroup], with zeros for the queries that a last panel lacks.
  void transpose(Matrix<Number> rows, int64_t count, Number* to) const {
    struct Group {
      Number numbers[kGroup];
    };
    auto* const groups = reinterpret_cast<Group*>(to);
    for (int64_t i = 0; i < count; ++i) {
      const auto* from = reinterpret_cast<const Group*>(rows.row(i));
      for (int64_t k = 0; k < even / kGroup; ++k)
        groups[k * panel + i] = from[k];
    }
    for (int64_t k = 0; k < even / kGroup && count < panel; ++k)
      std::fill(groups + k * panel + count, groups + (k + 1) * panel, Group{});
  }

  // to [rows, count] = rows of `left` times the first `count` of a panel.
  void multiply(Matrix<Number> left, int64_t rows, const Number* right, int64_t count, float* to, int64_t ldt) const {
    A::product(kernels)(rows, count, even / kGroup, left.data, left.stride, right, panel * kGroup, to, ldt, false);
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

  // Scores of a panel of queries, [seen, panel]; returns the scale that is still to be applied.
  float score(Matrix<Number> key_rows, const Number* query_panel, int64_t head, int64_t first, int64_t count,
              int64_t seen, float* scores, int64_t lds) const {
    multiply(key_rows, seen, query_panel, count, scores, lds);
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

// Scratch memory of one use, handed out piece by piece on cache lines.
template <class T>
T* take(std::byte*& at, int64_t count) {
  auto* const piece = reinterpret_cast<T*>(at);
  at += round_up(count * static_cast<int64_t>(sizeof(T)), 64);
  return piece;
}

template <class Number>
void forward_head(const Head<Number>& h, const AttentionForward& out) {
  using A = Arithmetic<Number>;
  static thread_local Scratch<std::byte> scratch;
  const auto panel = h.panel, padded = h.padded, stacked = h.stacked_size(h.keys);
  const auto numbers = h.keys * padded + 2 * stacked + panel * padded + h.even * panel + (h.keys + 1) * panel;
  const auto floats = panel * padded + h.keys * panel + 2 * panel;
  auto* at = scratch.of(numbers * static_cast<int64_t>(sizeof(Number)) + 4 * floats + 16 * 64);
  auto* const key_copy = take<Number>(at, h.keys * padded);
  auto* const value_copy = take<Number>(at, stacked);
  auto* const value_stack = take<Number>(at, stacked);
  auto* const query_copy = take<Number>(at, panel * padded);
  auto* const query_panel = take<Number>(at, h.even * panel);
  auto* const pairs = take<Number>(at, (h.keys + 1) * panel);  // bf16 only
  auto* const mixed = take<float>(at, panel * padded);
  auto* const scores = take<float>(at, h.keys * panel);
  auto* const lse = take<float>(at, panel);
  auto* const share = take<float>(at, panel);
  h.prefetch(h.in.v, h.key_head, 0, h.keys);
  h.prefetch(h.in.q, h.key_head * h.group(), 0, panel);
  h.prefetch(h.in.k, h.key_head, 0, h.keys);
  const auto keys = h.gather(h.in.options.extra_keys, h.in.k, key_copy);
  const auto values = h.stack(h.gather(h.in.options.extra_values, h.in.v, value_copy), h.keys, value_stack);
  for (int64_t head = h.key_head * h.group(); head < (h.key_head + 1) * h.group(); ++head) {
    const auto to = write_head(out.mixed, h.image, head * h.width);
    float* const all_lse = out.lse.mutable_data_ptr<float>() + (h.image * h.in.heads + head) * h.in.q.size(1);
    for (int64_t first = 0; first < h.queries; first += panel) {
      const auto count = std::min(panel, h.queries - first), seen = h.visible(first + count - 1);
      h.transpose(h.gather_queries(h.in.q, head, first, count, query_copy), count, query_panel);
      h.prefetch(h.in.q, head, first + panel, panel);
      const auto scale = h.score(keys, query_panel, head, first, count, seen, scores, panel);
      const Number* p;
      if constexpr (A::kGroup == 2) {
        h.kernels.softmax_bf16(seen, count, scale, scores, panel, pairs, panel, lse, share);
        p = pairs;
      } else {
        h.kernels.softmax(seen, count, scale, scores, panel, lse, share);
        p = scores;
      }
      const auto steps = round_up(seen, A::kGroup) / A::kGroup;
      for (int64_t column = 0; column < padded; column += panel) {
        A::product_of_transposed(h.kernels)(count, panel, steps, p, panel * A::kGroup, values.data + column * A::kGroup,
                                            values.stride, mixed + column, padded, false);
      }
      for (int64_t i = 0; i < count; ++i) {
        for (int64_t j = 0; j < h.width; ++j)
          mixed[i * padded + j] *= share[i];
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

template <class Number>
void write_key_gradients(const Head<Number>& h, const float* rows, const at::Tensor& extra, const at::Tensor& own) {
  for (int64_t row = 0; row < h.extra; ++row) {
    auto* to = extra.mutable_data_ptr<float>() + ((h.image * extra.size(1) + h.key_head) * h.extra + row) * h.width;
    std::copy_n(rows + row * h.padded, h.width, to);
  }
  h.write(rows + h.extra * h.padded, write_head(own, h.image, h.key_head * h.width), h.keys - h.extra);
}

template <class Number>
void backward_head(const Head<Number>& h, const BackwardTensors& t) {
  using A = Arithmetic<Number>;
  static thread_local Scratch<std::byte> scratch;
  const auto panel = h.panel, padded = h.padded, group = A::kGroup, all_keys = h.keys * padded;
  const auto block = std::min(round_up(kQueryBlock, panel), round_up(h.queries, panel));
  const auto numbers =
      2 * all_keys + h.stacked_size(h.keys) + 4 * block * padded + 2 * h.even * panel + (3 * h.keys + 1) * block;
  const auto floats = 2 * all_keys + block * padded + 2 * h.keys * block + panel;
  auto* at = scratch.of(numbers * static_cast<int64_t>(sizeof(Number)) + 4 * floats + 20 * 64);
  auto* const key_copy = take<Number>(at, all_keys);
  auto* const value_copy = take<Number>(at, all_keys);
  auto* const key_stack = take<Number>(at, h.stacked_size(h.keys));
  auto* const query_copy = take<Number>(at, block * padded);
  auto* const query_stack = take<Number>(at, block * padded);
  auto* const dmixed_copy = take<Number>(at, block * padded);
  auto* const dmixed_stack = take<Number>(at, block * padded);
  auto* const query_panel = take<Number>(at, h.even * panel);
  auto* const dmixed_panel = take<Number>(at, h.even * panel);
  auto* const shares = take<Number>(at, h.keys * block);  // these three: bf16 only
  auto* const dshares = take<Number>(at, h.keys * block);
  auto* const dshare_pairs = take<Number>(at, (h.keys + 1) * block);
  auto* const dkeys = take<float>(at, all_keys);
  auto* const dvalues = take<float>(at, all_keys);
  auto* const dqueries = take<float>(at, block * padded);
  auto* const scores = take<float>(at, h.keys * block);
  auto* const dscores = take<float>(at, h.keys * block);
  auto* const lse = take<float>(at, panel);
  h.prefetch(h.in.k, h.key_head, 0, h.keys);
  h.prefetch(h.in.q, h.key_head * h.group(), 0, block);
  h.prefetch(t.gradient, h.key_head * h.group(), 0, block);
  h.prefetch(h.in.v, h.key_head, 0, h.keys);
  const auto keys = h.gather(h.in.options.extra_keys, h.in.k, key_copy);
  const auto values = h.gather(h.in.options.extra_values, h.in.v, value_copy);
  const auto stacked_keys = h.stack(keys, h.keys, key_stack);
  std::fill_n(dkeys, all_keys, 0.0f);
  std::fill_n(dvalues, all_keys, 0.0f);
  for (int64_t head = h.key_head * h.group(); head < (h.key_head + 1) * h.group(); ++head) {
    const auto dq = write_head(t.dq, h.image, head * h.width);
    const float* const all_lse = t.lse.const_data_ptr<float>() + (h.image * h.in.heads + head) * h.in.q.size(1);
    for (int64_t start = 0; start < h.queries; start += block) {
      const auto size = std::min(block, h.queries - start), seen = h.visible(start + size - 1);
      h.prefetch(h.in.q, head, start + size, block);
      h.prefetch(t.gradient, head, start + size, block);
      const auto queries = h.gather_queries(h.in.q, head, start, size, query_copy);
      const auto dmixed = h.gather_queries(t.gradient, head, start, size, dmixed_copy);
      for (int64_t first = 0; first < size; first += panel) {
        const auto count = std::min(panel, size - first);
        h.transpose({queries.row(first), queries.stride}, count, query_panel);
        h.transpose({dmixed.row(first), dmixed.stride}, count, dmixed_panel);
        const auto scale = h.score(keys, query_panel, head, start + first, count, seen, scores + first, block);
        h.multiply(values, seen, dmixed_panel, count, dscores + first, block);
        std::copy_n(all_lse + start + first, count, lse);
        std::fill(lse + count, lse + panel, std::numeric_limits<float>::infinity());  // queries that are not there
        if constexpr (group == 2) {
          h.kernels.softmax_backward_bf16(seen, count, scale, h.scale, scores + first, dscores + first, block, lse,
                                          {shares + first, dshares + first, dshare_pairs + 2 * first, block});
        } else {
          h.kernels.softmax_backward(seen, count, scale, h.scale, scores + first, dscores + first, block, lse);
        }
      }
      const Number *p, *dp, *dp_by_key;
      if constexpr (group == 2) {
        p = shares, dp = dshares, dp_by_key = dshare_pairs;
      } else {
        p = scores, dp = dscores, dp_by_key = dscores;
      }
      const auto stacked_queries = h.stack(queries, size, query_stack);
      const auto stacked_dmixed = h.stack(dmixed, size, dmixed_stack);
      const auto by_key = round_up(seen, group) / group, by_query = round_up(size, group) / group;
      for (int64_t column = 0; column < padded; column += panel) {
        const auto multiply = [&](auto product, int64_t m, int64_t steps, const Number* left, int64_t lda,
                                  Matrix<Number> right, float* to, bool add) {
          product(m, panel, steps, left, lda, right.data + column * group, right.stride, to + column, padded, add);
        };
        multiply(A::product_of_transposed(h.kernels), size, by_key, dp_by_key, block * group, stacked_keys, dqueries,
                 false);
        multiply(A::product(h.kernels), seen, by_query, p, block, stacked_dmixed, dvalues, true);
        multiply(A::product(h.kernels), seen, by_query, dp, block, stacked_queries, dkeys, true);
      }
      h.write(dqueries, row_of(dq, start), size);
    }
  }
  write_key_gradients(h, dkeys, t.extra_keys, t.dk);
  write_key_gradients(h, dvalues, t.extra_values, t.dv);
}

// body(head) for every head of the keys of every image, in bf16 where the tensors are and the processor multiplies it.
template <class Body>
void for_each_head(const AttentionInputs& in, const Body& body) {
  const auto& kernels = *fast_kernels();
  const auto key_heads = in.k.size(2) / (in.q.size(2) / in.heads);
  const bool bf16 = in.q.scalar_type() == at::kBFloat16 && kernels.product_of_bf16;
  at::parallel_for(0, in.q.size(0) * key_heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const auto image = task / key_heads, key_head = task % key_heads;
      if (bf16) {
        body(Head<bf16_bits>(kernels, in, image, key_head));
      } else {
        body(Head<float>(kernels, in, image, key_head));
      }
    }
  });
}

// Zeros in the rows of t [B, T, width] that are padding.
void clear_padding(const at::Tensor& t, const std::vector<int64_t>& lengths) {
  for (size_t i = 0; i < lengths.size(); ++i) {
    if (const auto rows = t.size(1) - lengths[i]; rows > 0)
      t.select(0, static_cast<int64_t>(i)).narrow(0, lengths[i], rows).zero_();
  }
}

}  // namespace

AttentionForward attention_forward(const AttentionInputs& in) {
  AttentionForward out{at::empty(in.q.sizes(), in.q.options()),
                       at::empty({in.q.size(0), in.heads, in.q.size(1)}, in.q.options().dtype(at::kFloat))};
  for_each_head(in, [&](const auto& head) { forward_head(head, out); });
  if (in.of_one) clear_padding(out.mixed, in.lengths);
  return out;
}

ExtraGradients attention_backward(const AttentionInputs& in, const at::Tensor& lse, const at::Tensor& gradient,
                                  const at::Tensor& dq, const at::Tensor& dk, const at::Tensor& dv) {
  BackwardTensors t{lse, gradient, dq, dk, dv, {}, {}};
  const auto& extra = in.options.extra_keys;
  if (extra.defined()) {
    t.extra_keys =
        at::empty({in.q.size(0), extra.size(1), extra.size(2), extra.size(3)}, extra.options().dtype(at::kFloat));
    t.extra_values = at::empty_like(t.extra_keys);
  }
  for_each_head(in, [&](const auto& head) { backward_head(head, t); });
  if (in.of_one) clear_padding(dq, in.lengths);
  clear_padding(dk, in.lengths);
  clear_padding(dv, in.lengths);
  if (!extra.defined() || extra.size(0) == in.q.size(0)) return {t.extra_keys, t.extra_values};
  return {t.extra_keys.sum(0, /*keepdim=*/true), t.extra_values.sum(0, /*keepdim=*/true)};
}

}  // namespace graft::tensor
