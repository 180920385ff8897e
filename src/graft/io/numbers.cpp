#include "graft/io/numbers.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "graft/core/error.h"

namespace graft::io {
namespace {

// IEEE 754 binary16; every value has one in float32.
float of_half(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half & 0x8000u} << 16, exponent = half >> 10 & 0x1Fu,
                      fraction = half & 0x3FFu;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000u | fraction << 13);
  if (exponent == 0) {
    const float value = std::ldexp(static_cast<float>(fraction), -24);
    return sign ? -value : value;
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

template <class Stored, class Number, class Convert>
std::vector<Number> converted(std::span<const std::byte> bytes, const Convert& convert) {
  std::vector<Number> numbers(bytes.size() / sizeof(Stored));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    Stored value;
    std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
    numbers[i] = convert(value);
  }
  return numbers;
}

template <class Stored>
std::vector<std::int64_t> widened(std::span<const std::byte> bytes) {
  return converted<Stored, std::int64_t>(bytes, [](Stored value) { return static_cast<std::int64_t>(value); });
}

}  // namespace

bool is_floats(Dtype dtype) {
  return dtype == Dtype::f16 || dtype == Dtype::bf16 || dtype == Dtype::f32 || dtype == Dtype::f64;
}

std::vector<float> floats_of(Dtype dtype, std::span<const std::byte> bytes) {
  switch (dtype) {
    case Dtype::f16:
      return converted<std::uint16_t, float>(bytes, of_half);
    case Dtype::bf16:
      return converted<std::uint16_t, float>(
          bytes, [](std::uint16_t value) { return std::bit_cast<float>(std::uint32_t{value} << 16); });
    case Dtype::f32:
      return converted<float, float>(bytes, [](float value) { return value; });
    case Dtype::f64:
      return converted<double, float>(bytes, [](double value) { return static_cast<float>(value); });
    default:
      throw InternalError("io", "{} holds no floats", name_of(dtype));
  }
}

bool is_integers(Dtype dtype) {
  return dtype == Dtype::u8 || dtype == Dtype::i8 || dtype == Dtype::i16 || dtype == Dtype::i32 || dtype == Dtype::i64;
}

std::vector<std::int64_t> integers_of(Dtype dtype, std::span<const std::byte> bytes) {
  switch (dtype) {
    case Dtype::u8:
      return widened<std::uint8_t>(bytes);
    case Dtype::i8:
      return widened<std::int8_t>(bytes);
    case Dtype::i16:
      return widened<std::int16_t>(bytes);
    case Dtype::i32:
      return widened<std::int32_t>(bytes);
    case Dtype::i64:
      return widened<std::int64_t>(bytes);
    default:
      throw InternalError("io", "{} holds no whole numbers", name_of(dtype));
  }
}

}  // namespace graft::io
