// Blocks to float32 and back: tensor/block_numbers.h, and plain numbers beside it.
#include <bit>
#include <cstring>

#include "graft/core/error.h"
#include "graft/io/gguf_types.h"
#include "graft/tensor/block_numbers.h"

namespace graft::io {
namespace {

using Byte = std::uint8_t;

std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>(bits >> 16 | 64u);  // NaN stays NaN
  return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

template <class T>
void widen(const Byte* from, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, from + i * sizeof value, sizeof value);
    out[i] = static_cast<float>(value);
  }
}

}  // namespace

void dequantise(GgmlType type, std::span<const std::byte> blocks, std::span<float> out) {
  const auto& format = format_of(type);
  const auto count = out.size() / format.numbers;
  GRAFT_ASSERT(count * format.numbers == out.size() && count * format.bytes == blocks.size());
  const auto* const from = reinterpret_cast<const Byte*>(blocks.data());
  if (format.blocks)
    return tensor::dequantise_blocks(*format.blocks, static_cast<std::int64_t>(count), from, out.data());
  switch (type) {
    case GgmlType::f64:
      return widen<double>(from, count, out.data());
    case GgmlType::i8:
      return widen<std::int8_t>(from, count, out.data());
    case GgmlType::i16:
      return widen<std::int16_t>(from, count, out.data());
    case GgmlType::i32:
      return widen<std::int32_t>(from, count, out.data());
    case GgmlType::i64:
      return widen<std::int64_t>(from, count, out.data());
    default:
      throw InternalError("gguf", "a type without a reader: {}", format.name);
  }
}

void quantise(GgmlType type, std::span<const float> numbers, std::span<std::byte> out) {
  const auto& format = format_of(type);
  const auto count = numbers.size() / format.numbers;
  GRAFT_ASSERT(count * format.numbers == numbers.size() && count * format.bytes == out.size());
  auto* const to = reinterpret_cast<Byte*>(out.data());
  if (type == GgmlType::f32) {
    std::memcpy(to, numbers.data(), out.size());
  } else if (type == GgmlType::q8_0) {
    tensor::quantise_q8_0(static_cast<std::int64_t>(numbers.size()), numbers.data(), to);
  } else if (type == GgmlType::f16 || type == GgmlType::bf16) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto bits = type == GgmlType::f16 ? tensor::float_to_half(numbers[i]) : to_bf16(numbers[i]);
      std::memcpy(to + 2 * i, &bits, 2);
    }
  } else {
    throw InternalError("gguf", "{} is not written", format.name);
  }
}

}  // namespace graft::io
