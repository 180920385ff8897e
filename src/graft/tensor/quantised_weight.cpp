#include "graft/tensor/quantised_weight.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "graft/core/error.h"
#include "graft/tensor/block_numbers.h"
#include "graft/tensor/kernels.h"
#include "graft/tensor/on_cpu.h"
#include "graft/tensor/precision.h"
#include "graft/tensor/quantised_stripes.h"
#include "graft/tensor/shapes.h"

namespace graft::tensor {
namespace {

constexpr int64_t kNf4Block = 64, kNestedBlock = 256;

const uint8_t* bytes_of(const QuantisedRows& weight) {
  return weight.blocks.const_data_ptr<uint8_t>();
}

int64_t whole_blocks(int64_t n, int64_t block) {
  return (n + block - 1) / block;
}

// Each block's largest magnitude, and the nearest of rising `levels` for each number divided by it, the lower one where
// two are as near. A last block may be short; it is divided where the others are multiplied with the inverse.
struct Levels {
  at::Tensor absmax;   // [blocks]
  at::Tensor indices;  // [n] uint8
};
Levels nearest_levels(const at::Tensor& numbers, const at::Tensor& levels, int64_t block) {
  constexpr float kSmallest = 1e-38f;  // instead of the largest magnitude of zeros
  const auto n = numbers.numel(), full = n / block * block;
  const auto whole = numbers.slice(0, 0, full).view({-1, block});
  auto absmax = whole.abs().amax(1);
  auto scaled = (whole * absmax.clamp_min(kSmallest).reciprocal().unsqueeze(1)).view({-1});
  if (full < n) {
    const auto rest = numbers.slice(0, full);
    const auto largest = rest.abs().amax().clamp_min(kSmallest).view({1});
    absmax = at::cat({absmax, largest});
    scaled = at::cat({scaled, rest / largest});
  }
  const auto middles = (levels.slice(0, 0, -1) + levels.slice(0, 1)) / 2;
  return {absmax, at::bucketize(scaled.clamp(-1, 1), middles, /*out_int32=*/true).to(at::kByte)};
}

at::Tensor nf4_levels() {
  return torch::tensor(at::ArrayRef<float>(kNf4Levels, 16), tensor::on_cpu(at::kFloat));
}

// Rounded to the type that the numbers had, in place.
void round_to(at::ScalarType type, int64_t n, float* x) {
  if (type == at::kFloat) return;
  for (int64_t i = 0; i < n; ++i)
    x[i] = type == at::kHalf ? static_cast<float>(at::Half(x[i])) : static_cast<float>(at::BFloat16(x[i]));
}

void read_nf4(const QuantisedRows& weight, int64_t first, int64_t count, float* to) {
  const auto* bytes = bytes_of(weight);
  const auto block = weight.scales.block;
  int64_t of_block = -1;
  float absmax = 0;
  for (int64_t i = first; i < first + count; ++i) {
    if (i / block != of_block) {
      of_block = i / block;
      weight.scales.read(of_block, 1, &absmax);
    }
    to[i - first] = kNf4Levels[i % 2 == 0 ? bytes[i / 2] >> 4 : bytes[i / 2] & 15] * absmax;
  }
  round_to(weight.scales.type, count, to);
}

void check_matrix(const at::Tensor& weight) {
  if (weight.dim() != 2)
    throw ShapeError("quantised_weight", "the weight is no matrix: expected [out, in], got {}.", shape_of(weight));
}

template <class Each>
void over_rows(int64_t rows, const Each& each) {
  at::parallel_for(0, rows, 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      each(row);
  });
}

void check_scale(const at::Tensor& scale, const char* what, int64_t size, at::ScalarType type) {
  if (scale.defined() && scale.is_contiguous() && scale.numel() == size && scale.scalar_type() == type) return;
  throw ShapeError("quantised_weight",
                   "{} of an NF4 weight does not fit: expected {} numbers of type {}, got {} of {}.", what, size,
                   at::toString(type), scale.defined() ? scale.numel() : 0,
                   scale.defined() ? at::toString(scale.scalar_type()) : "none");
}

}  // namespace

int64_t Nf4Scales::bytes() const {
  int64_t total = 0;
  for (const auto& t : {absmax, nested_absmax, nested_table}) {
    if (t.defined()) total += static_cast<int64_t>(t.nbytes());
  }
  return total;
}

// Compiled for every processor, so that no product is contracted into the sum: bitsandbytes rounds between them.
void Nf4Scales::read(int64_t first, int64_t count, float* to) const {
  if (!nested_absmax.defined()) {
    std::copy_n(absmax.const_data_ptr<float>() + first, count, to);
    return;
  }
  const auto* codes = absmax.const_data_ptr<uint8_t>();
  const auto *table = nested_table.const_data_ptr<float>(), *of_block = nested_absmax.const_data_ptr<float>();
  for (int64_t j = first; j < first + count; ++j) {
    const volatile float product = table[codes[j]] * of_block[j / nested_block];
    *to++ = product + nested_offset;
  }
}

int64_t QuantisedRows::row_bytes() const {
  const auto size = size_of(format);
  return columns / size.numbers * size.bytes;
}

int64_t QuantisedWeight::bytes() const {
  int64_t total = 0;
  for (const auto& part : parts)
    total += static_cast<int64_t>(part.blocks.nbytes()) + part.scales.bytes();
  return total;
}

QuantisedWeight quantised(BlockFormat format, int64_t rows, int64_t columns, const at::Tensor& blocks) {
  GRAFT_ASSERT(format != BlockFormat::nf4 && blocks.scalar_type() == at::kByte && blocks.is_contiguous());
  const QuantisedRows weight{.format = format, .rows = rows, .columns = columns, .blocks = blocks};
  const auto block = size_of(format).numbers;
  if (columns % block != 0) {
    throw ShapeError("quantised_weight", "rows of {} numbers are no whole blocks of {}: expected a multiple of {}.",
                     columns, to_string(format), block);
  }
  if (blocks.numel() != rows * weight.row_bytes()) {
    throw ShapeError("quantised_weight", "{} of [{}, {}] takes {} bytes, got {}.", to_string(format), rows, columns,
                     rows * weight.row_bytes(), blocks.numel());
  }
  return {rows, columns, {weight}};
}

QuantisedWeight quantised_nf4(int64_t rows, int64_t columns, const at::Tensor& bytes, const Nf4Scales& scales) {
  GRAFT_ASSERT(bytes.scalar_type() == at::kByte && bytes.is_contiguous());
  const auto n = rows * columns;
  if (bytes.numel() != (n + 1) / 2) {
    throw ShapeError("quantised_weight", "NF4 of [{}, {}] takes {} bytes, got {}.", rows, columns, (n + 1) / 2,
                     bytes.numel());
  }
  if (scales.block < 2 || scales.block % 2 != 0 || scales.nested_block < 1)
    throw ShapeError("quantised_weight", "blocks of {} numbers: expected an even number from 2 on.", scales.block);
  const auto blocks = whole_blocks(n, scales.block);
  const bool nested = scales.nested_absmax.defined();
  check_scale(scales.absmax, "absmax", blocks, nested ? at::kByte : at::kFloat);
  if (nested) {
    check_scale(scales.nested_absmax, "nested_absmax", whole_blocks(blocks, scales.nested_block), at::kFloat);
    check_scale(scales.nested_table, "nested_quant_map", 256, at::kFloat);
  }
  return {rows,
          columns,
          {{.format = BlockFormat::nf4, .rows = rows, .columns = columns, .blocks = bytes, .scales = scales}}};
}

QuantisedWeight quantise(const at::Tensor& weight, BlockFormat format) {
  if (format == BlockFormat::nf4) return quantise_nf4(weight);
  check_matrix(weight);
  at::NoGradGuard no_grad;
  const auto rows = weight.size(0), columns = weight.size(1);
  if (size_of(format).numbers == 1) {
    const auto type = format == BlockFormat::f32 ? at::kFloat : format == BlockFormat::f16 ? at::kHalf : at::kBFloat16;
    const auto numbers = weight.detach().to(type).contiguous();
    return quantised(format, rows, columns, numbers.view({-1}).view(at::kByte));
  }
  GRAFT_ASSERT(format == BlockFormat::q8_0);
  const auto size = size_of(format);
  const auto numbers = weight.detach().to(at::kFloat).contiguous();
  const auto row_bytes = columns / size.numbers * size.bytes;
  const auto blocks = torch::empty({rows * row_bytes}, on_cpu(at::kByte));
  auto result = quantised(format, rows, columns, blocks);
  auto* const to = blocks.mutable_data_ptr<uint8_t>();
  const auto* const from = numbers.const_data_ptr<float>();
  over_rows(rows, [&](int64_t row) { quantise_q8_0(columns, from + row * columns, to + row * row_bytes); });
  return result;
}

QuantisedWeight quantise_nf4(const at::Tensor& weight, bool double_quantised) {
  check_matrix(weight);
  at::NoGradGuard no_grad;
  const auto numbers = weight.detach().to(at::kFloat).contiguous().view({-1});
  auto [absmax, indices] = nearest_levels(numbers, nf4_levels(), kNf4Block);
  constexpr int64_t kZero = 7;  // the level that is none
  const auto even = at::constant_pad_nd(indices, {0, indices.numel() % 2}, kZero).view({-1, 2});
  const auto bytes = at::bitwise_or(at::bitwise_left_shift(even.select(1, 0), 4), even.select(1, 1)).contiguous();
  Nf4Scales scales{.absmax = absmax};
  if (weight.scalar_type() == at::kHalf || weight.scalar_type() == at::kBFloat16) scales.type = weight.scalar_type();
  if (double_quantised && numbers.numel() > 0) {
    const auto offset = absmax.mean();
    scales.nested_table = dynamic_map();
    const auto nested = nearest_levels(absmax - offset, scales.nested_table, kNestedBlock);
    scales.absmax = nested.indices;
    scales.nested_absmax = nested.absmax;
    scales.nested_offset = offset.item<float>();
    scales.nested_block = kNestedBlock;
  }
  return quantised_nf4(weight.size(0), weight.size(1), bytes, scales);
}

QuantisedWeight stacked(const std::vector<QuantisedWeight>& weights) {
  QuantisedWeight all;
  for (const auto& weight : weights) {
    GRAFT_ASSERT(all.parts.empty() || weight.columns == all.columns);
    all.rows += weight.rows;
    all.columns = weight.columns;
    all.parts.insert(all.parts.end(), weight.parts.begin(), weight.parts.end());
  }
  return all;
}

QuantisedWeight narrow_rows(const QuantisedWeight& weight, int64_t begin, int64_t count) {
  GRAFT_ASSERT(0 <= begin && 0 <= count && begin + count <= weight.rows);
  QuantisedWeight some{count, weight.columns};
  for (auto part : weight.parts) {
    const auto first = std::max<int64_t>(begin, 0), last = std::min(begin + count, part.rows);
    begin -= part.rows;
    if (first >= last) continue;
    if (part.format == BlockFormat::nf4) {
      part.first_row += first;
    } else {
      part.blocks = part.blocks.narrow(0, first * part.row_bytes(), (last - first) * part.row_bytes());
    }
    part.rows = last - first;
    some.parts.push_back(part);
  }
  return some;
}

void read_numbers(const QuantisedRows& weight, int64_t row, int64_t first, int64_t count, float* to) {
  if (weight.format == BlockFormat::nf4)
    return read_nf4(weight, (weight.first_row + row) * weight.columns + first, count, to);
  const auto size = size_of(weight.format);
  const auto* const blocks = bytes_of(weight) + row * weight.row_bytes();
  const auto from = first / size.numbers, until = whole_blocks(first + count, size.numbers);
  if (from * size.numbers == first && until * size.numbers == first + count)
    return dequantise_blocks(weight.format, until - from, blocks + from * size.bytes, to);
  std::vector<float> around(static_cast<size_t>((until - from) * size.numbers));
  dequantise_blocks(weight.format, until - from, blocks + from * size.bytes, around.data());
  std::copy_n(around.data() + (first - from * size.numbers), count, to);
}

at::Tensor dequantise(const QuantisedWeight& weight) {
  auto result = torch::empty({weight.rows, weight.columns}, on_cpu(at::kFloat));
  auto* to = result.mutable_data_ptr<float>();
  if (kernels_in_use() == Kernels::fast) {
    at::parallel_for(0, weight.rows, 16, [&](int64_t begin, int64_t end) {
      read_rows(*fast_kernels(), weight, begin, end - begin, to + begin * weight.columns);
    });
    return result;
  }
  for (const auto& part : weight.parts) {
    over_rows(part.rows, [&](int64_t row) { read_numbers(part, row, 0, part.columns, to + row * part.columns); });
    to += part.rows * part.columns;
  }
  return result;
}

at::Tensor dequantise_rows(const QuantisedWeight& weight, const at::Tensor& which) {
  const auto indices = which.to(at::kLong).contiguous();
  auto sizes = which.sizes().vec();
  sizes.push_back(weight.columns);
  auto result = torch::empty(sizes, on_cpu(at::kFloat));
  const auto* const index = indices.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < indices.numel(); ++i) {
    if (index[i] < 0 || index[i] >= weight.rows)
      throw ShapeError("quantised_weight", "row {} is asked for: the weight has {}.", index[i], weight.rows);
  }
  auto* const to = result.mutable_data_ptr<float>();
  over_rows(indices.numel(), [&](int64_t i) {
    auto row = index[i];
    const auto* part = weight.parts.data();
    for (; row >= part->rows; ++part)
      row -= part->rows;
    read_numbers(*part, row, 0, weight.columns, to + i * weight.columns);
  });
  return result;
}

// With an exponent of 10^(e - 6), e from 0 to 6, stand the middles of 2^e equal parts of [0.1, 1]; both signs, zero,
// and one.
at::Tensor dynamic_map() {
  constexpr int kExponents = 7;
  std::vector<float> levels{0.0f, 1.0f};
  for (int e = 0; e < kExponents; ++e) {
    const auto ends = at::linspace(0.1, 1, (1 << e) + 1, tensor::on_cpu(at::kFloat));
    const auto middles = (ends.slice(0, 0, -1) + ends.slice(0, 1)) / 2.0;
    for (int64_t i = 0; i < middles.numel(); ++i) {
      const auto level = static_cast<float>(std::pow(10.0, e - kExponents + 1)) * middles[i].item<float>();
      levels.insert(levels.end(), {level, -level});
    }
  }
  std::sort(levels.begin(), levels.end());
  return torch::tensor(levels, on_cpu(at::kFloat));
}

}  // namespace graft::tensor
