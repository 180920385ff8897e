// Products of weights in blocks with rows of bytes (kernels.h) over Simd, as llama.cpp multiplies them: thirty-two
// numbers of a weight's row against thirty-two bytes of a left row, exactly, then scaled in float32. The sums of a row
// of each run in one order, however many left rows are made beside it.
#pragma once

namespace graft::tensor {
namespace {

using Eight = __m256;

GRAFT_INLINE float sum_of(Eight x) {
  auto y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  y = _mm_add_ps(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(_mm_add_ss(y, _mm_shuffle_ps(y, y, 1)));
}

// scale (w - centre) + offset times x, summed: scale (w x) + (offset - centre scale) (sum of x).
template <BlockFormat kFormat, int kM>
void dots(const BlockTile& tile, const ByteUnits& left, float* sums, int64_t lds) {
  using Own = Blocks<kFormat>;
  constexpr auto kCentre = static_cast<float>(Simd::kept_centre(Own::kCentre));
  for (int64_t row = 0; row < tile.rows; ++row) {
    const uint8_t* const blocks = tile.blocks + row * tile.row_bytes;
    Eight products[kM];
    float shifts[kM];
    for (int i = 0; i < kM; ++i) {
      products[i] = _mm256_setzero_ps();
      shifts[i] = 0;
    }
    for (int64_t u = 0; u < tile.units; ++u) {
      Unit unit;
      Own::read(blocks, u, unit);
      const auto w = Simd::dot_left<Own::kCentre>(_mm256_set_m128i(unit.w[1], unit.w[0]));
      const auto scale = Own::kHalves
                             ? _mm256_set_m128(_mm_set1_ps(unit.scale[Own::kHalves]), _mm_set1_ps(unit.scale[0]))
                             : _mm256_set1_ps(unit.scale[0]);
      float shift[2];
      for (int h = 0; h <= Own::kHalves; ++h)
        shift[h] = __builtin_fmaf(-kCentre, unit.scale[h], Own::kOffsets ? unit.offset[h] : 0.0f);
#pragma GCC unroll 8
      for (int i = 0; i < kM; ++i) {
        const auto at = i * left.units + u;
        const auto x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(left.bytes + 32 * at));
        const auto whole = _mm256_cvtepi32_ps(Simd::dot_of_bytes<Own::kCentre>(w, x));
        products[i] = _mm256_fmadd_ps(whole, _mm256_mul_ps(scale, _mm256_set1_ps(left.scales[at])), products[i]);
        if constexpr (Own::kHalves) {
          shifts[i] = __builtin_fmaf(shift[0], left.sums[2 * at], shifts[i]);
          shifts[i] = __builtin_fmaf(shift[1], left.sums[2 * at + 1], shifts[i]);
        } else if constexpr (Own::kOffsets || kCentre != 0) {
          shifts[i] = __builtin_fmaf(shift[0], left.sums[2 * at] + left.sums[2 * at + 1], shifts[i]);
        }
      }
    }
    for (int i = 0; i < kM; ++i)
      sums[i * lds + row] = sum_of(products[i]) + shifts[i];
  }
}

template <BlockFormat kFormat, int kM>
void last_dots(int64_t m, const BlockTile& tile, const ByteUnits& left, float* sums, int64_t lds) {
  if constexpr (kM > 0) {
    if (m == kM) return dots<kFormat, kM>(tile, left, sums, lds);
    last_dots<kFormat, kM - 1>(m, tile, left, sums, lds);
  }
}

template <BlockFormat kFormat>
void all_dots(const BlockTile& tile, int64_t m, ByteUnits left, float* sums, int64_t lds) {
  constexpr int kAtOnce = Simd::kDotRows;
  for (; m > 0; m -= kAtOnce, sums += kAtOnce * lds) {
    if (m < kAtOnce) return last_dots<kFormat, kAtOnce - 1>(m, tile, left, sums, lds);
    dots<kFormat, kAtOnce>(tile, left, sums, lds);
    left.bytes += 32 * kAtOnce * left.units;
    left.scales += kAtOnce * left.units;
    left.sums += 2 * kAtOnce * left.units;
  }
}

void dots_with_blocks(BlockFormat format, const BlockTile& tile, int64_t m, const ByteUnits& left, float* sums,
                      int64_t lds) {
  switch (format) {
    case BlockFormat::q8_0:
      return all_dots<BlockFormat::q8_0>(tile, m, left, sums, lds);
    case BlockFormat::q4_0:
      return all_dots<BlockFormat::q4_0>(tile, m, left, sums, lds);
    case BlockFormat::q4_1:
      return all_dots<BlockFormat::q4_1>(tile, m, left, sums, lds);
    case BlockFormat::q5_0:
      return all_dots<BlockFormat::q5_0>(tile, m, left, sums, lds);
    case BlockFormat::q5_1:
      return all_dots<BlockFormat::q5_1>(tile, m, left, sums, lds);
    case BlockFormat::q2_k:
      return all_dots<BlockFormat::q2_k>(tile, m, left, sums, lds);
    case BlockFormat::q3_k:
      return all_dots<BlockFormat::q3_k>(tile, m, left, sums, lds);
    case BlockFormat::q4_k:
      return all_dots<BlockFormat::q4_k>(tile, m, left, sums, lds);
    case BlockFormat::q5_k:
      return all_dots<BlockFormat::q5_k>(tile, m, left, sums, lds);
    case BlockFormat::q6_k:
      return all_dots<BlockFormat::q6_k>(tile, m, left, sums, lds);
    case BlockFormat::iq4_nl:
      return all_dots<BlockFormat::iq4_nl>(tile, m, left, sums, lds);
    default:
      return;  // their numbers are no bytes: has_byte_units
  }
}

// One row in units of thirty-two: x = scale byte, the largest magnitude being 127, and scale times the bytes' sum of
// each half.
void quantise_units(int64_t units, ConstRows row, int8_t* bytes, float* scales, float* sums) {
  for (int64_t u = 0; u < units; ++u, bytes += 32) {
    const F first = load_row(row, 32 * u, kLanes), second = load_row(row, 32 * u + kLanes, kLanes);
    const float largest = Simd::largest(Simd::max(Simd::abs(first), Simd::abs(second)));
    const F inverse = Simd::set(largest > 0 ? 127 / largest : 0), middle = Simd::set(128);
    scales[u] = largest / 127;
    auto* const out = reinterpret_cast<uint8_t*>(bytes);
    Simd::store_whole(out, Simd::add(Simd::round(Simd::mul(first, inverse)), middle));
    Simd::store_whole(out + kLanes, Simd::add(Simd::round(Simd::mul(second, inverse)), middle));
    for (int h = 0; h < 2; ++h) {
      const auto shifted = load_bytes(out + kLanes * h);  // by 128
      const auto halves = _mm_sad_epu8(shifted, _mm_setzero_si128());
      const int sum = _mm_cvtsi128_si32(halves) + _mm_cvtsi128_si32(_mm_srli_si128(halves, 8)) - 128 * kLanes;
      sums[2 * u + h] = scales[u] * static_cast<float>(sum);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + kLanes * h), _mm_xor_si128(shifted, all(128)));
    }
  }
}

}  // namespace
}  // namespace graft::tensor
