// Blocks to float32 and back. Each type's function reads one block; the positions are those of ggml-common.h.
#include <bit>
#include <cmath>
#include <cstring>

#include "graft/core/error.h"
#include "graft/io/gguf_types.h"

namespace graft::io {
namespace {

using Byte = std::uint8_t;

template <class T>
T load(const Byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// IEEE half to single: exact.
float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16, exponent = (half >> 10) & 31, fraction = half & 1023u;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  if (exponent == 0) {  // a multiple of 2^-24
    const auto small = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -small : small;
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

// Single to half, to the nearest, ties to even.
std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
  const auto size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u);   // NaN
  if (size >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // 65520 and more: infinite
  if (size < 0x38800000u) {                                                    // below 2^-14
    const auto steps = std::nearbyint(std::bit_cast<float>(size) * 0x1p24f);
    return static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>(steps));
  }
  const auto rounded = size + 0xfffu + (size >> 13 & 1u);
  return static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>((rounded >> 13) - (112u << 10)));
}

std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>(bits >> 16 | 64u);  // NaN stays NaN
  return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

float half_at(const Byte* at) {
  return from_half(load<std::uint16_t>(at));
}

void q8_0(const Byte* b, float* out) {
  const float d = half_at(b);
  for (int i = 0; i < 32; ++i)
    out[i] = d * static_cast<float>(static_cast<std::int8_t>(b[2 + i]));
}

// The two halves of a block share bytes: the first has the low four bits.
int nibble(const Byte* quants, int i) {
  return i < 16 ? quants[i] & 15 : quants[i - 16] >> 4;
}

void q4_0(const Byte* b, float* out) {
  const float d = half_at(b);
  for (int i = 0; i < 32; ++i)
    out[i] = d * static_cast<float>(nibble(b + 2, i) - 8);
}

void q4_1(const Byte* b, float* out) {
  const float d = half_at(b), m = half_at(b + 2);
  for (int i = 0; i < 32; ++i)
    out[i] = d * static_cast<float>(nibble(b + 4, i)) + m;
}

void q5_0(const Byte* b, float* out) {
  const float d = half_at(b);
  const auto high = load<std::uint32_t>(b + 2);
  for (int i = 0; i < 32; ++i)
    out[i] = d * static_cast<float>((nibble(b + 6, i) | static_cast<int>(high >> i & 1) << 4) - 16);
}

void q5_1(const Byte* b, float* out) {
  const float d = half_at(b), m = half_at(b + 2);
  const auto high = load<std::uint32_t>(b + 4);
  for (int i = 0; i < 32; ++i)
    out[i] = d * static_cast<float>(nibble(b + 8, i) | static_cast<int>(high >> i & 1) << 4) + m;
}

void iq4_nl(const Byte* b, float* out) {
  static constexpr float kValues[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  const float d = half_at(b);
  for (int i = 0; i < 32; ++i)
    out[i] = d * kValues[nibble(b + 2, i)];
}

// Two bits of number i, as Q2_K and Q3_K hold them.
int two_bits(const Byte* quants, int i) {
  return quants[32 * (i / 128) + i % 32] >> 2 * (i % 128 / 32) & 3;
}

void q2_k(const Byte* b, float* out) {
  const float d = half_at(b + 80), least = half_at(b + 82);
  for (int i = 0; i < 256; ++i) {
    const int scale = b[i / 16];
    out[i] = d * static_cast<float>(scale & 15) * static_cast<float>(two_bits(b + 16, i)) -
             least * static_cast<float>(scale >> 4);
  }
}

void q3_k(const Byte* b, float* out) {
  const Byte *high = b, *quants = b + 32, *scales = b + 96;
  const float d = half_at(b + 108);
  for (int i = 0; i < 256; ++i) {
    const int g = i / 16;
    const int scale = ((scales[g % 8] >> 4 * (g / 8) & 15) | (scales[8 + g % 4] >> 2 * (g / 4) & 3) << 4) - 32;
    const int q = two_bits(quants, i) - ((high[i % 32] >> i / 32 & 1) != 0 ? 0 : 4);
    out[i] = d * static_cast<float>(scale) * static_cast<float>(q);
  }
}

// The scale and the least value of a group of 32, six bits each in twelve bytes.
struct GroupScale {
  float scale, least;
};
GroupScale group_scale(const Byte* s, int g) {
  if (g < 4) return {static_cast<float>(s[g] & 63), static_cast<float>(s[g + 4] & 63)};
  return {static_cast<float>((s[g + 4] & 15) | s[g - 4] >> 6 << 4), static_cast<float>(s[g + 4] >> 4 | s[g] >> 6 << 4)};
}

void q4_k(const Byte* b, float* out) {
  const float d = half_at(b), least = half_at(b + 2);
  for (int g = 0; g < 8; ++g) {
    const auto s = group_scale(b + 4, g);
    const float scale = d * s.scale, low = least * s.least;
    for (int l = 0; l < 32; ++l)
      out[32 * g + l] = scale * static_cast<float>(b[16 + 32 * (g / 2) + l] >> 4 * (g & 1) & 15) - low;
  }
}

void q5_k(const Byte* b, float* out) {
  const float d = half_at(b), least = half_at(b + 2);
  for (int g = 0; g < 8; ++g) {
    const auto s = group_scale(b + 4, g);
    const float scale = d * s.scale, low = least * s.least;
    for (int l = 0; l < 32; ++l) {
      const int q = (b[48 + 32 * (g / 2) + l] >> 4 * (g & 1) & 15) | (b[16 + l] >> g & 1) << 4;
      out[32 * g + l] = scale * static_cast<float>(q) - low;
    }
  }
}

void q6_k(const Byte* b, float* out) {
  const float d = half_at(b + 208);
  for (int g = 0; g < 8; ++g) {  // of 32
    const int half = g / 4, k = g % 4;
    for (int l = 0; l < 32; ++l) {
      const int i = 32 * g + l;
      const int q = (b[64 * half + 32 * (k & 1) + l] >> 4 * (k >> 1) & 15) | (b[128 + 32 * half + l] >> 2 * k & 3) << 4;
      const float scale = d * static_cast<float>(static_cast<std::int8_t>(b[192 + i / 16]));
      out[i] = scale * static_cast<float>(q - 32);
    }
  }
}

template <class T>
void plain(const Byte* b, float* out) {
  *out = static_cast<float>(load<T>(b));
}
void half(const Byte* b, float* out) {
  *out = half_at(b);
}
void brain(const Byte* b, float* out) {
  *out = std::bit_cast<float>(static_cast<std::uint32_t>(load<std::uint16_t>(b)) << 16);
}

template <void (*kBlock)(const Byte*, float*), std::size_t kBytes, std::size_t kNumbers>
void each(const Byte* blocks, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i)
    kBlock(blocks + i * kBytes, out + i * kNumbers);
}

using OfBlocks = void (*)(const Byte*, std::size_t, float*);
OfBlocks reader_of(GgmlType type) {
  switch (type) {
    case GgmlType::f32:
      return each<plain<float>, 4, 1>;
    case GgmlType::f16:
      return each<half, 2, 1>;
    case GgmlType::bf16:
      return each<brain, 2, 1>;
    case GgmlType::f64:
      return each<plain<double>, 8, 1>;
    case GgmlType::i8:
      return each<plain<std::int8_t>, 1, 1>;
    case GgmlType::i16:
      return each<plain<std::int16_t>, 2, 1>;
    case GgmlType::i32:
      return each<plain<std::int32_t>, 4, 1>;
    case GgmlType::i64:
      return each<plain<std::int64_t>, 8, 1>;
    case GgmlType::q4_0:
      return each<q4_0, 18, 32>;
    case GgmlType::q4_1:
      return each<q4_1, 20, 32>;
    case GgmlType::q5_0:
      return each<q5_0, 22, 32>;
    case GgmlType::q5_1:
      return each<q5_1, 24, 32>;
    case GgmlType::q8_0:
      return each<q8_0, 34, 32>;
    case GgmlType::iq4_nl:
      return each<iq4_nl, 18, 32>;
    case GgmlType::q2_k:
      return each<q2_k, 84, 256>;
    case GgmlType::q3_k:
      return each<q3_k, 110, 256>;
    case GgmlType::q4_k:
      return each<q4_k, 144, 256>;
    case GgmlType::q5_k:
      return each<q5_k, 176, 256>;
    case GgmlType::q6_k:
      return each<q6_k, 210, 256>;
  }
  throw InternalError("gguf", "a type without a reader: {}", static_cast<std::uint32_t>(type));
}

// 32 numbers as 8-bit steps of their largest size / 127.
void write_q8_0(const float* in, Byte* out) {
  float most = 0;
  for (int i = 0; i < 32; ++i)
    most = std::max(most, std::fabs(in[i]));
  const float d = most / 127, inverse = d == 0 ? 0 : 1 / d;
  const auto scale = to_half(d);
  std::memcpy(out, &scale, sizeof scale);
  for (int i = 0; i < 32; ++i)
    out[2 + i] = static_cast<Byte>(static_cast<std::int8_t>(std::round(in[i] * inverse)));
}

}  // namespace

void dequantise(GgmlType type, std::span<const std::byte> blocks, std::span<float> out) {
  const auto& format = format_of(type);
  const auto count = out.size() / format.numbers;
  GRAFT_ASSERT(count * format.numbers == out.size() && count * format.bytes == blocks.size());
  reader_of(type)(reinterpret_cast<const Byte*>(blocks.data()), count, out.data());
}

void quantise(GgmlType type, std::span<const float> numbers, std::span<std::byte> out) {
  const auto& format = format_of(type);
  const auto count = numbers.size() / format.numbers;
  GRAFT_ASSERT(count * format.numbers == numbers.size() && count * format.bytes == out.size());
  auto* const to = reinterpret_cast<Byte*>(out.data());
  for (std::size_t i = 0; i < count; ++i) {
    switch (type) {
      case GgmlType::f32:
        std::memcpy(to + 4 * i, &numbers[i], 4);
        break;
      case GgmlType::f16:
      case GgmlType::bf16: {
        const auto bits = type == GgmlType::f16 ? to_half(numbers[i]) : to_bf16(numbers[i]);
        std::memcpy(to + 2 * i, &bits, 2);
        break;
      }
      case GgmlType::q8_0:
        write_q8_0(&numbers[32 * i], to + 34 * i);
        break;
      default:
        throw InternalError("gguf", "{} is not written", format.name);
    }
  }
}

}  // namespace graft::io
