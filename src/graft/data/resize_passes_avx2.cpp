// The passes of resize_passes.h with AVX2. A 24-bit weight does not fit the 16-bit multiply-add (pixels of two taps at
// once), so it goes through in two parts, w = 256 * high + low: the sums stay exact, and so do the bytes.
#include "graft/data/resize_passes.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#define GRAFT_AVX2 __attribute__((target("avx2")))

namespace graft::data {
namespace {

constexpr int kLowBits = 8;
constexpr int kHighLimit = 1 << (15 + kLowBits);  // weights below this in size have a high part of 16 bits
constexpr int kGroup = 4;                         // taps that a step of the horizontal pass takes
constexpr int kGroupReads = 16;                   // bytes that it loads, of which it uses 12

std::int16_t high_part(std::int32_t weight) {
  return static_cast<std::int16_t>(weight >> kLowBits);
}
std::int16_t low_part(std::int32_t weight) {
  return static_cast<std::int16_t>(weight & ((1 << kLowBits) - 1));
}

bool fits(const ResizeWeights& weights) {
  return std::all_of(weights.values.begin(), weights.values.end(),
                     [](std::int32_t w) { return w >= -kHighLimit && w < kHighLimit; });
}

// Per output and group of taps: four high parts, four low parts.
std::vector<std::int16_t> split_weights(const ResizeWeights& weights, int groups) {
  std::vector<std::int16_t> parts(static_cast<std::size_t>(weights.outputs()) * groups * 2 * kGroup);
  for (int x = 0; x < weights.outputs(); ++x) {
    for (int k = 0; k < weights.count[x]; ++k) {
      std::int16_t* group = parts.data() + (static_cast<std::size_t>(x) * groups + k / kGroup) * 2 * kGroup;
      group[k % kGroup] = high_part(weights.at(x)[k]);
      group[kGroup + k % kGroup] = low_part(weights.at(x)[k]);
    }
  }
  return parts;
}

GRAFT_AVX2 __m256i sum_of_parts(__m256i high, __m256i low) {
  return _mm256_add_epi32(_mm256_slli_epi32(high, kLowBits), low);
}

// kRows rows at once share the loads of weights.
template <int kRows>
GRAFT_AVX2 void horizontal_rows(const std::array<const std::uint8_t*, kRows>& rows, const ResizeWeights& weights,
                                const std::vector<std::int16_t>& parts, int groups, std::uint8_t* out) {
  // Bytes of four pixels -> 16-bit pairs (r0 r1) (g0 g1) (b0 b1) in the low lane, (r2 r3) ... in the high one.
  const __m256i pairs = _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,  //
                                         6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  const __m256i spread_high = _mm256_setr_epi8(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3,  //
                                               4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7);
  const __m256i spread_low = _mm256_add_epi8(spread_high, _mm256_set1_epi8(2 * kGroup));
  const __m128i half = _mm_set1_epi32(1 << (kWeightBits - 1));
  const std::size_t out_stride = static_cast<std::size_t>(weights.outputs()) * 3;
  const std::int16_t* group = parts.data();
  for (int x = 0; x < weights.outputs(); ++x) {
    const int used = (weights.count[x] + kGroup - 1) / kGroup;
    __m256i high[kRows], low[kRows];
    for (int r = 0; r < kRows; ++r)
      high[r] = low[r] = _mm256_setzero_si256();
    for (int g = 0; g < used; ++g) {
      const __m256i both =
          _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(group + g * 2 * kGroup)));
      const __m256i w_high = _mm256_shuffle_epi8(both, spread_high);
      const __m256i w_low = _mm256_shuffle_epi8(both, spread_low);
      const std::size_t at = 3 * (static_cast<std::size_t>(weights.first[x]) + g * kGroup);
      for (int r = 0; r < kRows; ++r) {
        const __m256i pixels = _mm256_shuffle_epi8(
            _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[r] + at))), pairs);
        high[r] = _mm256_add_epi32(high[r], _mm256_madd_epi16(pixels, w_high));
        low[r] = _mm256_add_epi32(low[r], _mm256_madd_epi16(pixels, w_low));
      }
    }
    group += static_cast<std::size_t>(groups) * 2 * kGroup;
    for (int r = 0; r < kRows; ++r) {
      const __m256i lanes = sum_of_parts(high[r], low[r]);
      __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
      sum = _mm_srai_epi32(_mm_add_epi32(sum, half), kWeightBits);
      sum = _mm_packus_epi16(_mm_packus_epi32(sum, sum), sum);
      const int rgb0 = _mm_cvtsi128_si32(sum);
      std::memcpy(out + r * out_stride + 3 * static_cast<std::size_t>(x), &rgb0, r + 1 == kRows ? 4 : 3);
    }
  }
}

GRAFT_AVX2 void horizontal(ImageView source, int row_begin, int row_end, const ResizeWeights& weights,
                           std::uint8_t* out) {
  if (!fits(weights)) return plain_passes().horizontal(source, row_begin, row_end, weights, out);
  const int groups = (*std::max_element(weights.count.begin(), weights.count.end()) + kGroup - 1) / kGroup;
  const std::vector<std::int16_t> parts = split_weights(weights, groups);
  const std::size_t out_stride = static_cast<std::size_t>(weights.outputs()) * 3;

  // Loads may reach past a row's end: into the next row, or, near the end of the image, into a padded copy.
  std::ptrdiff_t reach = 0;
  for (int x = 0; x < weights.outputs(); ++x) {
    const int used = (weights.count[x] + kGroup - 1) / kGroup;
    reach = std::max<std::ptrdiff_t>(reach, 3 * (weights.first[x] + (used - 1) * kGroup) + kGroupReads);
  }
  const std::ptrdiff_t row_bytes = 3 * static_cast<std::ptrdiff_t>(source.width);
  const std::uint8_t* const end = source.row(source.height - 1) + row_bytes;
  int y = row_begin;
  for (; y + 4 <= row_end && end - source.row(y + 3) >= reach; y += 4, out += 4 * out_stride) {
    horizontal_rows<4>({source.row(y), source.row(y + 1), source.row(y + 2), source.row(y + 3)}, weights, parts, groups,
                       out);
  }
  std::vector<std::uint8_t> copy(static_cast<std::size_t>(std::max(reach, row_bytes)));
  for (; y < row_end; ++y, out += out_stride) {
    std::memcpy(copy.data(), source.row(y), static_cast<std::size_t>(row_bytes));
    horizontal_rows<1>({copy.data()}, weights, parts, groups, out);
  }
}

// 32 bytes of one output row.
GRAFT_AVX2 void vertical_block(const std::uint8_t* in, std::ptrdiff_t stride, int count, const std::int32_t* pairs_high,
                               const std::int32_t* pairs_low, std::uint8_t* out) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i high[4] = {zero, zero, zero, zero}, low[4] = {zero, zero, zero, zero};
  for (int k = 0; k < count; k += 2) {
    const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + k * stride));
    const __m256i b =
        k + 1 < count ? _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + (k + 1) * stride)) : zero;
    const __m256i first = _mm256_unpacklo_epi8(a, b), second = _mm256_unpackhi_epi8(a, b);
    const __m256i words[4] = {_mm256_unpacklo_epi8(first, zero), _mm256_unpackhi_epi8(first, zero),
                              _mm256_unpacklo_epi8(second, zero), _mm256_unpackhi_epi8(second, zero)};
    const __m256i w_high = _mm256_set1_epi32(pairs_high[k / 2]), w_low = _mm256_set1_epi32(pairs_low[k / 2]);
    for (int i = 0; i < 4; ++i) {
      high[i] = _mm256_add_epi32(high[i], _mm256_madd_epi16(words[i], w_high));
      low[i] = _mm256_add_epi32(low[i], _mm256_madd_epi16(words[i], w_low));
    }
  }
  const __m256i half = _mm256_set1_epi32(1 << (kWeightBits - 1));
  for (int i = 0; i < 4; ++i) {
    high[i] = _mm256_srai_epi32(_mm256_add_epi32(sum_of_parts(high[i], low[i]), half), kWeightBits);
  }
  // Unpacking and packing both work within 128-bit lanes, so the order comes back by itself.
  const __m256i bytes =
      _mm256_packus_epi16(_mm256_packus_epi32(high[0], high[1]), _mm256_packus_epi32(high[2], high[3]));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), bytes);
}

std::int32_t pair_of(std::int16_t first, std::int16_t second) {
  return static_cast<std::int32_t>(static_cast<std::uint16_t>(first) |
                                   static_cast<std::uint32_t>(static_cast<std::uint16_t>(second)) << 16);
}

GRAFT_AVX2 void vertical(const std::uint8_t* in, std::ptrdiff_t stride, std::size_t row_bytes,
                         const ResizeWeights& weights, std::uint8_t* out) {
  if (!fits(weights)) return plain_passes().vertical(in, stride, row_bytes, weights, out);
  constexpr std::size_t kBlock = 32;
  std::vector<std::int32_t> pairs_high((weights.taps + 1) / 2), pairs_low(pairs_high.size());
  std::vector<std::uint8_t> tail(static_cast<std::size_t>(weights.taps) * kBlock), tail_out(kBlock);
  const std::size_t whole = row_bytes / kBlock * kBlock, rest = row_bytes - whole;
  for (int y = 0; y < weights.outputs(); ++y, out += row_bytes) {
    const std::int32_t* w = weights.at(y);
    const int count = weights.count[y];
    for (int k = 0; k < count; k += 2) {
      const std::int32_t next = k + 1 < count ? w[k + 1] : 0;
      pairs_high[k / 2] = pair_of(high_part(w[k]), high_part(next));
      pairs_low[k / 2] = pair_of(low_part(w[k]), low_part(next));
    }
    const std::uint8_t* rows = in + weights.first[y] * stride;
    for (std::size_t i = 0; i < whole; i += kBlock) {
      vertical_block(rows + i, stride, count, pairs_high.data(), pairs_low.data(), out + i);
    }
    if (rest > 0) {
      for (int k = 0; k < count; ++k)
        std::memcpy(tail.data() + k * kBlock, rows + k * stride + whole, rest);
      vertical_block(tail.data(), kBlock, count, pairs_high.data(), pairs_low.data(), tail_out.data());
      std::memcpy(out + whole, tail_out.data(), rest);
    }
  }
}

}  // namespace

const Passes* avx2_passes() {
  static constexpr Passes kPasses = {horizontal, vertical};
  return __builtin_cpu_supports("avx2") ? &kPasses : nullptr;
}

}  // namespace graft::data

#else

namespace graft::data {
const Passes* avx2_passes() {
  return nullptr;
}
}  // namespace graft::data

#endif
