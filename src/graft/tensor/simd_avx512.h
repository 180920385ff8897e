// Sixteen float32 lanes in one AVX-512 register: the twin of simd_avx2.h, with products of bf16, of bytes and of
// integer pairs in one instruction. Included only by kernels_avx512.cpp and, on emulated instructions, by the tests.
#pragma once

#ifndef GRAFT_EMULATED_INTRINSICS
#include <immintrin.h>
#endif
#include <stdint.h>

#define GRAFT_INLINE __attribute__((always_inline)) inline
#define GRAFT_SHORT_PRODUCTS 1  // of bf16 and of bytes

namespace graft::tensor {
namespace {

struct Simd {
  static constexpr int kTileRows = 12;  // 12 x 32 sums in 24 of the 32 registers
  static constexpr int kTileVectors = 2;

  using F = __m512;
  using I = __m512i;

  static GRAFT_INLINE F zero() { return _mm512_setzero_ps(); }
  static GRAFT_INLINE F set(float x) { return _mm512_set1_ps(x); }
  static GRAFT_INLINE F broadcast(const float* p) { return _mm512_set1_ps(*p); }
  static GRAFT_INLINE F load(const float* p) { return _mm512_loadu_ps(p); }
  static GRAFT_INLINE void store(float* p, F x) { _mm512_storeu_ps(p, x); }
  static GRAFT_INLINE F add(F a, F b) { return _mm512_add_ps(a, b); }
  static GRAFT_INLINE F sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static GRAFT_INLINE F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static GRAFT_INLINE F div(F a, F b) { return _mm512_div_ps(a, b); }
  // The second operand where either is no number.
  static GRAFT_INLINE F max(F a, F b) { return _mm512_max_ps(a, b); }
  static GRAFT_INLINE F min(F a, F b) { return _mm512_min_ps(a, b); }
  static GRAFT_INLINE F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static GRAFT_INLINE F round(F a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT); }
  static GRAFT_INLINE I bits(F a) { return _mm512_castps_si512(a); }
  static GRAFT_INLINE F number(I a) { return _mm512_castsi512_ps(a); }
  static GRAFT_INLINE I sign() { return _mm512_set1_epi32(static_cast<int32_t>(0x80000000u)); }
  static GRAFT_INLINE F abs(F a) { return number(_mm512_andnot_si512(sign(), bits(a))); }
  static GRAFT_INLINE F copy_sign(F magnitude, F from) {
    return number(_mm512_or_si512(bits(magnitude), _mm512_and_si512(sign(), bits(from))));
  }
  static GRAFT_INLINE F where_not_less(F x, F bound, F a) {
    return _mm512_mask_mov_ps(a, _mm512_cmp_ps_mask(x, bound, _CMP_LT_OQ), _mm512_setzero_ps());
  }
  static GRAFT_INLINE F where_positive(F x, F a) {
    return _mm512_mask_mov_ps(_mm512_setzero_ps(), _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GT_OQ), a);
  }
  static GRAFT_INLINE F times_power_of_two(F x, F n) { return _mm512_scalef_ps(x, n); }
  static GRAFT_INLINE __m256 upper(F a) { return _mm512_extractf32x8_ps(a, 1); }
  static GRAFT_INLINE float sum(F a) {
    const auto x = _mm256_add_ps(_mm512_castps512_ps256(a), upper(a));
    auto y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_add_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
  }
  static GRAFT_INLINE float largest(F a) {
    const auto x = _mm256_max_ps(_mm512_castps512_ps256(a), upper(a));
    auto y = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_max_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_max_ss(y, _mm_movehdup_ps(y)));
  }

  static GRAFT_INLINE F load(const uint16_t* bf16) {
    const auto x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bf16));
    return number(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
  }
  // To nearest, ties to even; what is smaller than 2^-126 becomes zero.
  static GRAFT_INLINE __m256i narrow(F x) { return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)); }
  static GRAFT_INLINE void store(uint16_t* bf16, F x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(bf16), narrow(x));
  }
  // Two rows of sixteen, rounded to bf16, as sixteen pairs.
  static GRAFT_INLINE void store_pairs(uint16_t* p, F first, F second) {
    const auto low = _mm512_cvtepu16_epi32(narrow(first)), high = _mm512_cvtepu16_epi32(narrow(second));
    _mm512_storeu_si512(p, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
  }

  static GRAFT_INLINE I zero_sums() { return _mm512_setzero_si512(); }
  static GRAFT_INLINE I load_sums(const int32_t* p) { return _mm512_loadu_si512(p); }
  static GRAFT_INLINE I broadcast_four_bytes(const void* p) {
    int32_t four;
    __builtin_memcpy(&four, p, sizeof four);
    return _mm512_set1_epi32(four);
  }
  static GRAFT_INLINE I load_numbers(const void* p) { return _mm512_loadu_si512(p); }
  static GRAFT_INLINE I add_product_of_pairs(I a, I b, I c) { return _mm512_dpwssd_epi32(c, a, b); }
  static GRAFT_INLINE I add_product_of_bytes(I a, I b, I c) { return _mm512_dpbusd_epi32(c, a, b); }
  // a pair of bf16 in each lane of a and b
  static GRAFT_INLINE F add_product_of_bf16_pairs(I a, I b, F c) {
    return _mm512_dpbf16_ps(c, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
  static GRAFT_INLINE void store(int32_t* p, I x) { _mm512_storeu_si512(p, x); }
  static GRAFT_INLINE F load_as_float(const int32_t* p) { return _mm512_cvtepi32_ps(_mm512_loadu_si512(p)); }
  static GRAFT_INLINE void store_whole(int16_t* p, F x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(x)));
  }
  static GRAFT_INLINE void store_whole(uint8_t* p, F x) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(x)));
  }

  // Sixteen bytes, signed; sixteen float16 numbers; sixteen indices into a table of sixteen.
  static GRAFT_INLINE F of_signed_bytes(__m128i x) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(x)); }
  static GRAFT_INLINE F of_halves(const void* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
  }
  static GRAFT_INLINE F through_half(F x) {
    return _mm512_cvtph_ps(_mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  // Thirty-two bytes from 0 to 255 minus `centre`; such numbers times thirty-two others, sums of neighbours.
  static constexpr int kDotRows = 8, kDotChains = 2;
  template <int kCentre>
  static GRAFT_INLINE I shorts(__m128i first, __m128i second) {
    const auto wide = _mm512_cvtepu8_epi16(_mm256_set_m128i(second, first));
    return kCentre == 0 ? wide : _mm512_sub_epi16(wide, _mm512_set1_epi16(kCentre));
  }
  static GRAFT_INLINE I shorts(const uint8_t* signed_bytes) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(signed_bytes)));
  }
  static GRAFT_INLINE F dot_of_shorts(I w, const int16_t* x) {
    return _mm512_cvtepi32_ps(_mm512_dpwssd_epi32(_mm512_setzero_si512(), w, _mm512_loadu_si512(x)));
  }
  // Sixteen bits of a word as sixteen bytes, `at` or 0.
  template <int kAt>
  static GRAFT_INLINE __m128i spread(uint32_t word) {
    return _mm_maskz_set1_epi8(static_cast<__mmask16>(word), kAt);
  }
  static GRAFT_INLINE F halves(float first, float second) {
    return _mm512_mask_mov_ps(_mm512_set1_ps(first), 0xff00, _mm512_set1_ps(second));
  }
  static GRAFT_INLINE F table(const float* numbers) { return load(numbers); }
  static GRAFT_INLINE F look_up(F table, __m128i indices) {
    return _mm512_permutexvar_ps(_mm512_cvtepi8_epi32(indices), table);
  }
  // Thirty-two numbers rounded to bf16, as bits.
  static GRAFT_INLINE F narrow_both(F first, F second) {
    return number(_mm512_inserti64x4(_mm512_castsi256_si512(narrow(first)), narrow(second), 1));
  }
  static GRAFT_INLINE void store_bits(uint16_t* p, F x) { _mm512_storeu_si512(p, bits(x)); }
  // x[i] lane j <-> x[j] lane i
  static GRAFT_INLINE void transpose(F* x) {
    F pairs[16], fours[16];
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) {
      pairs[i] = _mm512_unpacklo_ps(x[i], x[i + 1]);
      pairs[i + 1] = _mm512_unpackhi_ps(x[i], x[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {  // fours[i + c] has columns c, c + 4, c + 8, c + 12 of rows i .. i + 3
      for (int half = 0; half < 2; ++half) {
        const auto a = _mm512_castps_pd(pairs[i + half]), b = _mm512_castps_pd(pairs[i + 2 + half]);
        fours[i + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
        fours[i + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
      }
    }
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
      const F a = _mm512_shuffle_f32x4(fours[c], fours[4 + c], 0x88),
              b = _mm512_shuffle_f32x4(fours[c], fours[4 + c], 0xdd);
      const F d = _mm512_shuffle_f32x4(fours[8 + c], fours[12 + c], 0x88);
      const F e = _mm512_shuffle_f32x4(fours[8 + c], fours[12 + c], 0xdd);
      x[c] = _mm512_shuffle_f32x4(a, d, 0x88);
      x[c + 8] = _mm512_shuffle_f32x4(a, d, 0xdd);
      x[c + 4] = _mm512_shuffle_f32x4(b, e, 0x88);
      x[c + 12] = _mm512_shuffle_f32x4(b, e, 0xdd);
    }
  }
  static GRAFT_INLINE void widen_bytes(const int8_t* from, int16_t* to) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                        _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
  }
};

}  // namespace
}  // namespace graft::tensor
