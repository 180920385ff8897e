#include "graft/tensor/block_numbers.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "graft/core/error.h"

namespace graft::tensor {
namespace {

uint16_t half_bits(const uint8_t* at) {
  uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return bits;
}

float half(const uint8_t* at) {
  return half_to_float(half_bits(at));
}

// Four bits of the number at i of 32, whose first half lies in the low bits.
int nibble(const uint8_t* bytes, int i) {
  return i < 16 ? bytes[i] & 15 : bytes[i - 16] >> 4;
}

// With the fifth bit of each in a word of its own.
int five_bits(const uint8_t* fifth, const uint8_t* bytes, int i) {
  uint32_t bits;
  std::memcpy(&bits, fifth, sizeof bits);
  return nibble(bytes, i) | static_cast<int>((bits >> i) & 1u) << 4;
}

// Two bits of the number at i of 256.
int two_bits(const uint8_t* bytes, int i) {
  return (bytes[32 * (i / 128) + i % 32] >> (2 * (i % 128 / 32))) & 3;
}

// Scale and offset of six bits each of group g of q4_k and q5_k, in twelve bytes.
struct ScaleAndOffset {
  int scale, offset;
};
ScaleAndOffset six_bits(const uint8_t* s, int g) {
  if (g < 4) return {s[g] & 63, s[g + 4] & 63};
  return {(s[g + 4] & 15) | (s[g - 4] >> 6) << 4, (s[g + 4] >> 4) | (s[g] >> 6) << 4};
}

// The scale of six bits of group g of q3_k.
int q3_scale(const uint8_t* s, int g) {
  return (((s[g % 8] >> (4 * (g / 8))) & 15) | ((s[8 + g % 4] >> (2 * (g / 4))) & 3) << 4) - 32;
}

// The number at i of a block.
float q2_k(const uint8_t* b, int i) {
  const int scales = b[i / 16];
  const float scale = half(b + 80) * static_cast<float>(scales & 15);
  return scale * static_cast<float>(two_bits(b + 16, i)) - half(b + 82) * static_cast<float>(scales >> 4);
}
float q3_k(const uint8_t* b, int i) {
  const int high = (b[i % 32] >> (i / 32)) & 1;
  const float scale = half(b + 108) * static_cast<float>(q3_scale(b + 96, i / 16));
  return scale * static_cast<float>(two_bits(b + 32, i) - (high ? 0 : 4));
}
float q45_k(const uint8_t* b, const uint8_t* low, const uint8_t* fifth, int i) {
  const int g = i / 32;
  const auto [scale, offset] = six_bits(b + 4, g);
  const int q = ((low[32 * (g / 2) + i % 32] >> (4 * (g & 1))) & 15) | (fifth ? ((fifth[i % 32] >> g) & 1) << 4 : 0);
  return half(b) * static_cast<float>(scale) * static_cast<float>(q) - half(b + 2) * static_cast<float>(offset);
}
float q6_k(const uint8_t* b, int i) {
  const int part = i / 128, k = i % 128 / 32, l = i % 32;
  const int low = (b[64 * part + 32 * (k & 1) + l] >> (4 * (k >> 1))) & 15;
  const int high = (b[128 + 32 * part + l] >> (2 * k)) & 3;
  const auto scale = static_cast<int8_t>(b[192 + i / 16]);
  return half(b + 208) * static_cast<float>(scale) * static_cast<float>((low | high << 4) - 32);
}

float number(BlockFormat format, const uint8_t* b, int i) {
  switch (format) {
    case BlockFormat::f32: {
      float x;
      std::memcpy(&x, b, sizeof x);
      return x;
    }
    case BlockFormat::f16:
      return half(b);
    case BlockFormat::bf16: {
      const uint32_t bits = static_cast<uint32_t>(half_bits(b)) << 16;
      float x;
      std::memcpy(&x, &bits, sizeof x);
      return x;
    }
    case BlockFormat::q8_0:
      return half(b) * static_cast<float>(static_cast<int8_t>(b[2 + i]));
    case BlockFormat::q4_0:
      return half(b) * static_cast<float>(nibble(b + 2, i) - 8);
    case BlockFormat::q4_1:
      return half(b) * static_cast<float>(nibble(b + 4, i)) + half(b + 2);
    case BlockFormat::q5_0:
      return half(b) * static_cast<float>(five_bits(b + 2, b + 6, i) - 16);
    case BlockFormat::q5_1:
      return half(b) * static_cast<float>(five_bits(b + 4, b + 8, i)) + half(b + 2);
    case BlockFormat::q2_k:
      return q2_k(b, i);
    case BlockFormat::q3_k:
      return q3_k(b, i);
    case BlockFormat::q4_k:
      return q45_k(b, b + 16, nullptr, i);
    case BlockFormat::q5_k:
      return q45_k(b, b + 48, b + 16, i);
    case BlockFormat::q6_k:
      return q6_k(b, i);
    case BlockFormat::iq4_nl:
      return half(b) * static_cast<float>(kIq4Levels[nibble(b + 2, i)]);
    case BlockFormat::nf4:
      break;
  }
  throw InternalError("block_numbers", "{} has no blocks of its own.", to_string(format));
}

}  // namespace

std::string_view to_string(BlockFormat format) {
  constexpr std::string_view kNames[] = {"F32",  "F16",  "BF16", "Q8_0", "Q4_0", "Q4_1",   "Q5_0", "Q5_1",
                                         "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "NF4"};
  return kNames[static_cast<int>(format)];
}

float half_to_float(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16, exponent = (half >> 10) & 31, fraction = half & 1023u;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  if (exponent == 0) {  // a multiple of 2^-24
    const auto small = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -small : small;
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

uint16_t float_to_half(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000u);
  const auto size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);   // NaN
  if (size >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // 65520 and more: infinite
  if (size < 0x38800000u) {                                               // below 2^-14
    const auto steps = std::nearbyint(std::bit_cast<float>(size) * 0x1p24f);
    return static_cast<uint16_t>(sign | static_cast<uint16_t>(steps));
  }
  const auto rounded = size + 0xfffu + (size >> 13 & 1u);
  return static_cast<uint16_t>(sign | static_cast<uint16_t>((rounded >> 13) - (112u << 10)));
}

void dequantise_blocks(BlockFormat format, int64_t count, const uint8_t* blocks, float* to) {
  const auto size = size_of(format);
  for (int64_t block = 0; block < count; ++block, blocks += size.bytes) {
    for (int i = 0; i < size.numbers; ++i)
      *to++ = number(format, blocks, i);
  }
}

void quantise_q8_0(int64_t n, const float* from, uint8_t* blocks) {
  constexpr auto kSize = size_of(BlockFormat::q8_0);
  GRAFT_ASSERT(n % kSize.numbers == 0);
  for (int64_t block = 0; block < n / kSize.numbers; ++block, from += kSize.numbers, blocks += kSize.bytes) {
    float largest = 0;
    for (int i = 0; i < kSize.numbers; ++i)
      largest = std::max(largest, std::abs(from[i]));
    const float d = largest / 127, inverse = d > 0 ? 1 / d : 0;
    const uint16_t bits = float_to_half(d);
    std::memcpy(blocks, &bits, sizeof bits);
    for (int i = 0; i < kSize.numbers; ++i)
      blocks[2 + i] = static_cast<uint8_t>(static_cast<int8_t>(std::round(from[i] * inverse)));
  }
}

}  // namespace graft::tensor
