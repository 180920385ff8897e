#include "graft/tensor/packed_weight.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "graft/core/error.h"

namespace graft::tensor {
namespace {

// [n, k] -> [panels, k / group, width, group], padded with zeros to whole panels and groups.
at::Tensor panels_of(const at::Tensor& matrix, int64_t width, int64_t group) {
  const auto n = matrix.size(0), k = matrix.size(1);
  const auto rows = (n + width - 1) / width * width, columns = (k + group - 1) / group * group;
  const auto padded = at::constant_pad_nd(matrix, {0, columns - k, 0, rows - n});
  return padded.view({rows / width, width, columns / group, group}).permute({0, 2, 1, 3}).contiguous();
}

int64_t group_of(Precision precision, const KernelTable& kernels) {
  if (precision == Precision::bf16) return kernels.product_of_bf16 ? 2 : 1;
  if (precision == Precision::int8) return kernels.product_of_bytes ? 4 : 2;
  return 1;
}

// Of panels [panels, k / group, width, group] of int8 in fours, over k.
at::Tensor column_sums_of(const PackedWeight& packed) {
  if (packed.precision != Precision::int8 || packed.group != 4) return {};
  return packed.numbers.sum({1, 3}, /*keepdim=*/false, at::kInt).view({-1});
}

// The same of n rows and k columns of value(row, column), written by hand: what trains is packed again each step, and
// a handful of small operations of libtorch would take longer than the product.
template <class Number, class Value>
void write_panels(int64_t n, int64_t k, int64_t width, int64_t group, Number* to, const Value& value) {
  for (int64_t first = 0; first < n; first += width) {
    for (int64_t step = 0; step < k; step += group) {
      for (int64_t row = first; row < first + width; ++row) {
        for (int64_t column = step; column < step + group; ++column)
          *to++ = row < n && column < k ? static_cast<Number>(value(row, column)) : Number(0.0f);
      }
    }
  }
}

int64_t whole(int64_t n, int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// value(row, column) of a matrix; `floats` holds it.
struct Reader {
  at::Tensor floats;
  const float* data;
  int64_t row_stride, column_stride;

  explicit Reader(const at::Tensor& matrix)
      : floats(matrix.detach().to(at::kFloat)),
        data(floats.const_data_ptr<float>()),
        row_stride(floats.stride(0)),
        column_stride(floats.stride(1)) {}
  float operator()(int64_t row, int64_t column) const { return data[row * row_stride + column * column_stride]; }
  // What rounding to bf16 leaves over.
  float rest(int64_t row, int64_t column) const {
    const float x = (*this)(row, column);
    return x - static_cast<float>(at::BFloat16(x));
  }
};

// [n, k] in the type of the packed numbers.
at::Tensor matrix_of(const PackedWeight& packed) {
  const auto& numbers = packed.numbers;  // [panels, k / group, width, group]
  const auto rows = numbers.size(0) * numbers.size(2), columns = numbers.size(1) * numbers.size(3);
  return numbers.permute({0, 2, 1, 3}).reshape({rows, columns}).slice(0, 0, packed.n).slice(1, 0, packed.k);
}

// A square of group x group numbers, which lies in one piece both in panels and in those of the transpose.
template <class Number, int group>
struct Square {
  Number at[group * group];
  Square transposed() const {
    Square result;
    for (int row = 0; row < group; ++row) {
      for (int column = 0; column < group; ++column)
        result.at[column * group + row] = at[row * group + column];
    }
    return result;
  }
};
// In two words, where the compiler would make it 16 loads and stores.
template <>
inline Square<int8_t, 4> Square<int8_t, 4>::transposed() const {
  uint64_t low, high;
  std::memcpy(&low, at, 8);
  std::memcpy(&high, at + 8, 8);
  const auto within_twos = [](uint64_t x) {  // each 2 x 2 of the two rows in a word
    const uint64_t change = ((x >> 24) ^ x) & 0x00FF00FF00ull;
    return x ^ change ^ (change << 24);
  };
  low = within_twos(low);
  high = within_twos(high);
  const uint64_t change = ((low >> 16) ^ high) & 0x0000FFFF0000FFFFull;
  high ^= change;
  low ^= change << 16;
  Square result;
  std::memcpy(result.at, &low, 8);
  std::memcpy(result.at + 8, &high, 8);
  return result;
}

// The numbers of a weight in panels -> those of its transpose.
template <class Number, int group>
at::Tensor transposed_panels(const PackedWeight& of) {
  using Unit = Square<Number, group>;
  const int64_t across = of.width / group;  // squares in a row of a panel
  const auto steps = of.padded_k() / group, back_panels = (of.k + of.width - 1) / of.width;
  const auto back_steps = (of.n + group - 1) / group;
  auto result = at::empty({back_panels, back_steps, of.width, group}, of.numbers.options());
  const auto* const from = static_cast<const Unit*>(of.numbers.const_data_ptr());
  auto* const to = static_cast<Unit*>(result.mutable_data_ptr());
  at::parallel_for(0, back_panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; ++panel) {
      for (int64_t of_panel = 0; of_panel * across < back_steps; ++of_panel) {
        const auto rows = std::min(across, back_steps - of_panel * across);
        for (int64_t i = 0; i < across; ++i) {
          const auto step = panel * across + i;
          Unit* const column = to + (panel * back_steps + of_panel * across) * across + i;
          if (step >= steps) {
            for (int64_t row = 0; row < rows; ++row)
              column[row * across] = {};
            continue;
          }
          const Unit* const read = from + (of_panel * steps + step) * across;
          for (int64_t row = 0; row < rows; ++row)
            column[row * across] = read[row].transposed();
        }
      }
    }
  });
  return result;
}

}  // namespace

int64_t PackedWeight::bytes() const {
  int64_t total = numbers.defined() ? static_cast<int64_t>(numbers.nbytes()) : 0;
  if (source) total += source->bytes();
  if (row_scale.defined()) total += static_cast<int64_t>(row_scale.nbytes());
  if (column_scale.defined()) total += static_cast<int64_t>(column_scale.nbytes());
  if (column_sums.defined()) total += static_cast<int64_t>(column_sums.nbytes());
  return total;
}

PackedWeight pack(const at::Tensor& weight, Precision precision, const KernelTable& kernels) {
  at::NoGradGuard no_grad;
  PackedWeight packed{.precision = precision,
                      .k = weight.size(1),
                      .n = weight.size(0),
                      .width = kernels.panel,
                      .group = group_of(precision, kernels)};
  auto numbers = weight.detach().to(at::kFloat);
  if (precision == Precision::bf16) numbers = numbers.to(at::kBFloat16);
  if (precision == Precision::int8) {
    const auto scale = numbers.abs().amax(1).clamp_min(1e-30) / 127;  // [out]
    numbers = at::round(numbers / scale.unsqueeze(1)).to(at::kChar);
    packed.column_scale = at::constant_pad_nd(scale, {0, packed.panels() * packed.width - packed.n});
  }
  packed.numbers = panels_of(numbers, packed.width, packed.group);
  packed.column_sums = column_sums_of(packed);
  return packed;
}

bool has_byte_units(const QuantisedWeight& weight) {
  return std::all_of(weight.parts.begin(), weight.parts.end(),
                     [](const QuantisedRows& part) { return has_byte_units(part.format); });
}

PackedWeight stay_quantised(const QuantisedWeight& weight, Precision precision, const KernelTable* kernels) {
  const bool bytes = precision == Precision::int8 && kernels;
  const bool pairs = !bytes && precision != Precision::fp32 && kernels && kernels->product_of_bf16;
  return {.precision = bytes   ? Precision::int8
                       : pairs ? Precision::bf16
                               : Precision::fp32,
          .k = weight.columns,
          .n = weight.rows,
          .width = kernels ? kernels->panel : 1,
          .group = pairs ? 2 : 1,
          .source = std::make_shared<const QuantisedWeight>(weight)};
}

PackedWeight as_it_lies(const PackedWeight& forward) {
  auto few = forward;
  few.precision = Precision::int8;
  few.group = 1;
  return few;
}

at::Tensor transposed_numbers(const PackedWeight& forward) {
  at::NoGradGuard no_grad;
  switch (forward.precision) {
    case Precision::fp32:
      return transposed_panels<float, 1>(forward);
    case Precision::bf16:
      return forward.group == 2 ? transposed_panels<uint16_t, 2>(forward) : transposed_panels<uint16_t, 1>(forward);
    case Precision::int8:
      return forward.group == 4 ? transposed_panels<int8_t, 4>(forward) : transposed_panels<int8_t, 2>(forward);
    case Precision::nf4:
      break;  // which stays quantised
  }
  throw InternalError("packed_weight", "a precision without panels: {}", static_cast<int>(forward.precision));
}

PackedWeight transposed(const PackedWeight& forward) {
  at::NoGradGuard no_grad;
  if (forward.source) {
    auto packed = forward;
    if (forward.precision == Precision::int8) packed = stay_quantised(*forward.source, Precision::bf16, fast_kernels());
    std::swap(packed.k, packed.n);
    packed.source = forward.source;
    packed.across = !forward.across;
    return packed;
  }
  PackedWeight packed{
      .precision = forward.precision, .k = forward.n, .n = forward.k, .width = forward.width, .group = forward.group};
  packed.numbers = transposed_numbers(forward);
  packed.column_sums = column_sums_of(packed);
  if (forward.column_scale.defined()) packed.row_scale = forward.column_scale.slice(0, 0, forward.n).clone();
  return packed;
}

at::Tensor unpack(const PackedWeight& forward) {
  at::NoGradGuard no_grad;
  if (forward.source) {
    const auto weight = dequantise(*forward.source);
    return forward.precision == Precision::bf16 ? weight.to(at::kBFloat16).to(at::kFloat) : weight;
  }
  const auto weight = matrix_of(forward).to(at::kFloat);
  if (!forward.column_scale.defined()) return weight;
  return weight * forward.column_scale.slice(0, 0, forward.n).unsqueeze(1);
}

at::Tensor float_panels(const at::Tensor& matrix, int64_t width) {
  const Reader read(matrix);
  const auto n = matrix.size(0), k = matrix.size(1);
  const auto panels = at::empty({whole(n, width) / width, k, width, 1}, matrix.options().dtype(at::kFloat));
  write_panels(n, k, width, 1, panels.mutable_data_ptr<float>(), read);
  return panels;
}

PackedWeight pack_trained(const at::Tensor& weight, bool left_is_bf16, const KernelTable& kernels) {
  at::NoGradGuard no_grad;
  const bool pairs = left_is_bf16 && kernels.product_of_bf16;
  PackedWeight packed{.precision = pairs ? Precision::bf16 : Precision::fp32,
                      .k = weight.size(1),
                      .n = weight.size(0),
                      .width = kernels.panel,
                      .group = pairs ? 2 : 1,
                      .parts = pairs ? 2 : 1};
  if (!pairs) {
    packed.numbers = float_panels(weight, packed.width);
    return packed;
  }
  const Reader read(weight);
  packed.numbers =
      at::empty({2 * packed.panels(), whole(packed.k, 2) / 2, packed.width, 2}, weight.options().dtype(at::kBFloat16));
  auto* const high = packed.numbers.mutable_data_ptr<at::BFloat16>();
  write_panels(packed.n, packed.k, packed.width, 2, high, read);
  write_panels(packed.n, packed.k, packed.width, 2, high + packed.numbers.numel() / 2,
               [&](int64_t row, int64_t column) { return read.rest(row, column); });
  return packed;
}

at::Tensor split_panels(const at::Tensor& matrix, int64_t width) {
  const Reader read(matrix);
  const auto n = matrix.size(0), k = matrix.size(1);
  const auto panels =
      at::empty({whole(2 * n, width) / width, whole(k, 2) / 2, width, 2}, matrix.options().dtype(at::kBFloat16));
  write_panels(2 * n, k, width, 2, panels.mutable_data_ptr<at::BFloat16>(),
               [&](int64_t row, int64_t column) { return row < n ? read(row, column) : read.rest(row - n, column); });
  return panels;
}

}  // namespace graft::tensor
