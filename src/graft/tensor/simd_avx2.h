// Sixteen float32 lanes in two AVX2 registers, and the few operations that the kernels are written in.
// Included only by kernels_avx2.cpp, which is compiled for AVX2: no standard library header may be included beside it,
// or the linker may keep an AVX2 copy of a shared inline function.
#pragma once

#include <immintrin.h>
#include <stdint.h>

#define GRAFT_INLINE __attribute__((always_inline)) inline

namespace graft::tensor {
namespace {

struct Simd {
  static constexpr int kTileRows = 6;     // 6 x 16 sums in 12 of the 16 registers
  static constexpr int kTileVectors = 1;  // a panel is one vector wide

  struct F {
    __m256 lo, hi;
  };
  struct I {
    __m256i lo, hi;
  };

  static GRAFT_INLINE F zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static GRAFT_INLINE F set(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static GRAFT_INLINE F broadcast(const float* p) {
    const auto x = _mm256_broadcast_ss(p);
    return {x, x};
  }
  static GRAFT_INLINE F load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  static GRAFT_INLINE void store(float* p, F x) {
    _mm256_storeu_ps(p, x.lo);
    _mm256_storeu_ps(p + 8, x.hi);
  }
  static GRAFT_INLINE F add(F a, F b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
  static GRAFT_INLINE F sub(F a, F b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
  static GRAFT_INLINE F mul(F a, F b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
  static GRAFT_INLINE F div(F a, F b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
  static GRAFT_INLINE F max(F a, F b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
  static GRAFT_INLINE F min(F a, F b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }
  // a b + c
  static GRAFT_INLINE F fma(F a, F b, F c) {
    return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
  }
  static GRAFT_INLINE F round(F a) {
    return {_mm256_round_ps(a.lo, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
            _mm256_round_ps(a.hi, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
  }
  static GRAFT_INLINE F abs(F a) {
    const auto sign = _mm256_set1_ps(-0.0f);
    return {_mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi)};
  }
  static GRAFT_INLINE F copy_sign(F magnitude, F sign) {  // of a magnitude that is not negative
    const auto bit = _mm256_set1_ps(-0.0f);
    return {_mm256_or_ps(magnitude.lo, _mm256_and_ps(bit, sign.lo)),
            _mm256_or_ps(magnitude.hi, _mm256_and_ps(bit, sign.hi))};
  }
  // not (x < bound) ? a : 0; a NaN in x lets a through
  static GRAFT_INLINE F where_not_less(F x, F bound, F a) {
    return {_mm256_and_ps(_mm256_cmp_ps(x.lo, bound.lo, _CMP_NLT_UQ), a.lo),
            _mm256_and_ps(_mm256_cmp_ps(x.hi, bound.hi, _CMP_NLT_UQ), a.hi)};
  }
  // x > 0 ? a : 0
  static GRAFT_INLINE F where_positive(F x, F a) {
    const auto zero = _mm256_setzero_ps();
    return {_mm256_and_ps(_mm256_cmp_ps(x.lo, zero, _CMP_GT_OQ), a.lo),
            _mm256_and_ps(_mm256_cmp_ps(x.hi, zero, _CMP_GT_OQ), a.hi)};
  }
  static GRAFT_INLINE __m256 half_power_of_two(__m256 n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
  }
  // x 2^n for a whole n in [-126, 127]
  static GRAFT_INLINE F times_power_of_two(F x, F n) {
    return mul(x, {half_power_of_two(n.lo), half_power_of_two(n.hi)});
  }

  static GRAFT_INLINE float sum(F a) {
    auto x = _mm256_add_ps(a.lo, a.hi);
    auto y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_add_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
  }
  static GRAFT_INLINE float largest(F a) {
    auto x = _mm256_max_ps(a.lo, a.hi);
    auto y = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_max_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_max_ss(y, _mm_movehdup_ps(y)));
  }

  static GRAFT_INLINE __m256 half_widen(__m128i x) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
  }
  static GRAFT_INLINE F load(const uint16_t* bf16) {
    return {half_widen(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bf16))),
            half_widen(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bf16 + 8)))};
  }
  static GRAFT_INLINE __m256i half_narrow(__m256 x) {  // in the low 16 bits of each lane
    const auto bits = _mm256_castps_si256(x);
    const auto odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const auto rounded =
        _mm256_srli_epi32(_mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff))), 16);
    const auto nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    return _mm256_blendv_epi8(rounded, _mm256_set1_epi32(0x7fc0), nan);
  }
  static GRAFT_INLINE void store(uint16_t* bf16, F x) {
    const auto packed = _mm256_packus_epi32(half_narrow(x.lo), half_narrow(x.hi));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(bf16), _mm256_permute4x64_epi64(packed, 0xd8));
  }

  static GRAFT_INLINE I zero_sums() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
  static GRAFT_INLINE I load_sums(const int32_t* p) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 8))};
  }
  static GRAFT_INLINE I broadcast_four_bytes(const void* p) {
    const auto x = _mm256_castps_si256(_mm256_broadcast_ss(static_cast<const float*>(p)));
    return {x, x};
  }
  static GRAFT_INLINE I load_numbers(const int16_t* p) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 16))};
  }
  static GRAFT_INLINE I add_product_of_pairs(I a, I b, I c) {
    return {_mm256_add_epi32(c.lo, _mm256_madd_epi16(a.lo, b.lo)),
            _mm256_add_epi32(c.hi, _mm256_madd_epi16(a.hi, b.hi))};
  }
  static GRAFT_INLINE void store(int32_t* p, I x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x.lo);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 8), x.hi);
  }
  static GRAFT_INLINE F load_as_float(const int32_t* p) {
    return {_mm256_cvtepi32_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))),
            _mm256_cvtepi32_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 8)))};
  }
  // Two rows of sixteen, rounded to bf16, as sixteen pairs.
  static GRAFT_INLINE __m256i half_pairs(__m256 first, __m256 second) {
    return _mm256_or_si256(half_narrow(first), _mm256_slli_epi32(half_narrow(second), 16));
  }
  static GRAFT_INLINE void store_pairs(uint16_t* p, F first, F second) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), half_pairs(first.lo, second.lo));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 16), half_pairs(first.hi, second.hi));
  }
  // Whole numbers in [0, 255] as bytes.
  static GRAFT_INLINE void store_whole(uint8_t* p, F x) {
    const auto packed = _mm256_packs_epi32(_mm256_cvtps_epi32(x.lo), _mm256_cvtps_epi32(x.hi));
    const auto ordered = _mm256_permute4x64_epi64(packed, 0xd8);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                     _mm_packus_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1)));
  }
  // Whole numbers in [-32768, 32767] as 16-bit integers.
  static GRAFT_INLINE void store_whole(int16_t* p, F x) {
    const auto packed = _mm256_packs_epi32(_mm256_cvtps_epi32(x.lo), _mm256_cvtps_epi32(x.hi));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permute4x64_epi64(packed, 0xd8));
  }

  // Sixteen bytes, signed; sixteen float16 numbers; sixteen indices into a table of sixteen.
  static GRAFT_INLINE F of_signed_bytes(__m128i x) {
    return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(x)),
            _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(x, 8)))};
  }
  static GRAFT_INLINE F of_halves(const void* p) {
    const auto* const halves = static_cast<const __m128i*>(p);
    return {_mm256_cvtph_ps(_mm_loadu_si128(halves)), _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
  }
  static GRAFT_INLINE F through_half(F x) {
    constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return {_mm256_cvtph_ps(_mm256_cvtps_ph(x.lo, kNearest)), _mm256_cvtph_ps(_mm256_cvtps_ph(x.hi, kNearest))};
  }
  // Thirty-two bytes from 0 to 255 minus `centre`; such numbers times thirty-two others, sums of neighbours.
  static constexpr int kDotRows = 4, kDotChains = 1;
  template <int kCentre>
  static GRAFT_INLINE I shorts(__m128i first, __m128i second) {
    const auto centre = _mm256_set1_epi16(kCentre);
    return {_mm256_sub_epi16(_mm256_cvtepu8_epi16(first), centre),
            _mm256_sub_epi16(_mm256_cvtepu8_epi16(second), centre)};
  }
  static GRAFT_INLINE I shorts(const uint8_t* signed_bytes) {
    const auto* const halves = reinterpret_cast<const __m128i*>(signed_bytes);
    return {_mm256_cvtepi8_epi16(_mm_loadu_si128(halves)), _mm256_cvtepi8_epi16(_mm_loadu_si128(halves + 1))};
  }
  static GRAFT_INLINE F dot_of_shorts(I w, const int16_t* x) {
    const auto other = load_numbers(x);
    return {_mm256_cvtepi32_ps(_mm256_madd_epi16(w.lo, other.lo)),
            _mm256_cvtepi32_ps(_mm256_madd_epi16(w.hi, other.hi))};
  }
  // Sixteen bits of a word as sixteen bytes, `at` or 0.
  template <int kAt>
  static GRAFT_INLINE __m128i spread(uint32_t word) {
    const auto of_byte = _mm_set_epi64x(0x0101010101010101ll, 0);
    const auto one_each = _mm_set1_epi64x(static_cast<long long>(0x8040201008040201ull));
    const auto bytes = _mm_shuffle_epi8(_mm_cvtsi32_si128(static_cast<int>(word)), of_byte);
    return _mm_and_si128(_mm_cmpeq_epi8(_mm_and_si128(bytes, one_each), one_each), _mm_set1_epi8(kAt));
  }
  static GRAFT_INLINE F halves(float first, float second) { return {_mm256_set1_ps(first), _mm256_set1_ps(second)}; }
  static GRAFT_INLINE F table(const float* numbers) { return load(numbers); }
  static GRAFT_INLINE __m256 half_look_up(F table, __m256i indices) {
    const auto beyond = _mm256_castsi256_ps(_mm256_slli_epi32(indices, 28));  // the sign says: eight or more
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(table.lo, indices), _mm256_permutevar8x32_ps(table.hi, indices),
                            beyond);
  }
  static GRAFT_INLINE F look_up(F table, __m128i indices) {
    return {half_look_up(table, _mm256_cvtepi8_epi32(indices)),
            half_look_up(table, _mm256_cvtepi8_epi32(_mm_srli_si128(indices, 8)))};
  }
  // x[i] lane j <-> x[j] lane i
  static GRAFT_INLINE void transpose_eight(__m256* x) {
    __m256 pairs[8], fours[8];
    for (int i = 0; i < 8; i += 2) {
      pairs[i] = _mm256_unpacklo_ps(x[i], x[i + 1]);
      pairs[i + 1] = _mm256_unpackhi_ps(x[i], x[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
      for (int half = 0; half < 2; ++half) {
        const auto a = _mm256_castps_pd(pairs[i + half]), b = _mm256_castps_pd(pairs[i + 2 + half]);
        fours[i + 2 * half] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
        fours[i + 2 * half + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
      }
    }
    for (int c = 0; c < 4; ++c) {
      x[c] = _mm256_permute2f128_ps(fours[c], fours[4 + c], 0x20);
      x[c + 4] = _mm256_permute2f128_ps(fours[c], fours[4 + c], 0x31);
    }
  }
  static GRAFT_INLINE void transpose(F* x) {
    __m256 corners[2][2][8];  // [rows][columns]
    for (int i = 0; i < 16; ++i) {
      corners[i / 8][0][i % 8] = x[i].lo;
      corners[i / 8][1][i % 8] = x[i].hi;
    }
    for (auto& row : corners) {
      for (auto& corner : row)
        transpose_eight(corner);
    }
    for (int i = 0; i < 16; ++i)
      x[i] = {corners[0][i / 8][i % 8], corners[1][i / 8][i % 8]};
  }
  static GRAFT_INLINE void widen_bytes(const int8_t* from, int16_t* to) {  // sixteen
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                        _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
  }
};

}  // namespace
}  // namespace graft::tensor
