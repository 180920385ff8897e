// The AVX-512 kernels on emulated instructions (SIMDe), in place of those of the library: the program that links this
// file runs every test of the room on them, on any processor.
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>
#define GRAFT_EMULATED_INTRINSICS

// SIMDe 0.7 lacks these.
static inline simde__m512i emulated_cvtps_epi32(simde__m512 x) {
  float numbers[16];
  int32_t whole[16];
  simde_mm512_storeu_ps(numbers, x);
  for (int i = 0; i < 16; ++i)
    whole[i] = static_cast<int32_t>(__builtin_nearbyintf(numbers[i]));
  return simde_mm512_loadu_si512(whole);
}
static inline simde__m512 emulated_cvtepi32_ps(simde__m512i x) {
  int32_t whole[16];
  float numbers[16];
  simde_mm512_storeu_si512(whole, x);
  for (int i = 0; i < 16; ++i)
    numbers[i] = static_cast<float>(whole[i]);
  return simde_mm512_loadu_ps(numbers);
}
static inline simde__m512i emulated_cvtepu16_epi32(simde__m256i x) {
  uint16_t narrow[16];
  uint32_t wide[16];
  simde_mm256_storeu_si256(reinterpret_cast<simde__m256i*>(narrow), x);
  for (int i = 0; i < 16; ++i)
    wide[i] = narrow[i];
  return simde_mm512_loadu_si512(wide);
}
static inline simde__m256i emulated_cvtepi32_epi16(simde__m512i x) {
  uint32_t wide[16];
  uint16_t narrow[16];
  simde_mm512_storeu_si512(wide, x);
  for (int i = 0; i < 16; ++i)
    narrow[i] = static_cast<uint16_t>(wide[i]);
  return simde_mm256_loadu_si256(reinterpret_cast<const simde__m256i*>(narrow));
}
static inline simde__m128i emulated_cvtepi32_epi8(simde__m512i x) {
  uint32_t wide[16];
  uint8_t narrow[16];
  simde_mm512_storeu_si512(wide, x);
  for (int i = 0; i < 16; ++i)
    narrow[i] = static_cast<uint8_t>(wide[i]);
  return simde_mm_loadu_si128(reinterpret_cast<const simde__m128i*>(narrow));
}
static inline simde__m256i emulated_cvtneps_pbh(simde__m512 x) {  // to nearest, ties to even; subnormals become zero
  uint32_t wide[16];
  uint16_t narrow[16];
  simde_mm512_storeu_si512(wide, simde_mm512_castps_si512(x));
  for (int i = 0; i < 16; ++i) {
    const uint32_t magnitude = wide[i] & 0x7fffffffu;
    const uint32_t rounded = (wide[i] + 0x7fffu + ((wide[i] >> 16) & 1u)) >> 16;
    narrow[i] = static_cast<uint16_t>(magnitude > 0x7f800000u   ? (wide[i] >> 16) | 0x40u
                                      : magnitude < 0x00800000u ? (wide[i] & 0x80000000u) >> 16
                                                                : rounded);
  }
  return simde_mm256_loadu_si256(reinterpret_cast<const simde__m256i*>(narrow));
}
static inline simde__m512i emulated_cvtepi8_epi32(simde__m128i x) {
  int8_t narrow[16];
  int32_t wide[16];
  simde_mm_storeu_si128(reinterpret_cast<simde__m128i*>(narrow), x);
  for (int i = 0; i < 16; ++i)
    wide[i] = narrow[i];
  return simde_mm512_loadu_si512(wide);
}
static inline simde__m512 emulated_cvtph_ps(simde__m256i x) {
  simde__m128i halves[2];
  float numbers[16];
  simde_mm256_storeu_si256(reinterpret_cast<simde__m256i*>(halves), x);
  for (int i = 0; i < 2; ++i)
    simde_mm256_storeu_ps(numbers + 8 * i, simde_mm256_cvtph_ps(halves[i]));
  return simde_mm512_loadu_ps(numbers);
}
static inline simde__m256i emulated_cvtps_ph(simde__m512 x) {
  float numbers[16];
  simde__m128i halves[2];
  simde_mm512_storeu_ps(numbers, x);
  for (int i = 0; i < 2; ++i)
    halves[i] = simde_mm256_cvtps_ph(simde_mm256_loadu_ps(numbers + 8 * i), 0);
  return simde_mm256_loadu_si256(reinterpret_cast<const simde__m256i*>(halves));
}
static inline simde__m512 emulated_shuffle_f32x4(simde__m512 a, simde__m512 b, int which) {
  float from[2][16], to[16];
  simde_mm512_storeu_ps(from[0], a);
  simde_mm512_storeu_ps(from[1], b);
  for (int i = 0; i < 16; ++i)
    to[i] = from[i / 8][4 * ((which >> (2 * (i / 4))) & 3) + i % 4];
  return simde_mm512_loadu_ps(to);
}
static inline simde__m256 emulated_extractf32x8_ps(simde__m512 x, int which) {
  float numbers[16];
  simde_mm512_storeu_ps(numbers, x);
  return simde_mm256_loadu_ps(numbers + 8 * which);
}
static inline simde__m512i emulated_cvtepu8_epi16(simde__m256i x) {
  uint8_t narrow[32];
  uint16_t wide[32];
  simde_mm256_storeu_si256(reinterpret_cast<simde__m256i*>(narrow), x);
  for (int i = 0; i < 32; ++i)
    wide[i] = narrow[i];
  return simde_mm512_loadu_si512(wide);
}
static inline simde__m128i emulated_maskz_set1_epi8(uint16_t mask, int8_t value) {
  int8_t bytes[16];
  for (int i = 0; i < 16; ++i)
    bytes[i] = static_cast<int8_t>((mask >> i & 1) != 0 ? value : 0);
  return simde_mm_loadu_si128(reinterpret_cast<const simde__m128i*>(bytes));
}
#undef _mm512_cvtepi8_epi32
#undef _mm512_cvtph_ps
#undef _mm512_cvtps_ph
#undef _mm512_shuffle_f32x4
#define _mm512_cvtepi8_epi32 emulated_cvtepi8_epi32
#define _mm512_cvtph_ps emulated_cvtph_ps
#define _mm512_cvtps_ph(x, rounding) emulated_cvtps_ph(x)
#define _mm512_shuffle_f32x4 emulated_shuffle_f32x4
#define _mm512_cvtepi32_epi8 emulated_cvtepi32_epi8
#define _mm512_cvtneps_pbh emulated_cvtneps_pbh
#define _mm512_cvtps_epi32 emulated_cvtps_epi32
#define _mm512_cvtepi32_ps emulated_cvtepi32_ps
#define _mm512_cvtepu16_epi32 emulated_cvtepu16_epi32
#define _mm512_cvtepi32_epi16 emulated_cvtepi32_epi16
#define _mm512_extractf32x8_ps emulated_extractf32x8_ps
#define _mm512_cvtepu8_epi16 emulated_cvtepu8_epi16
#define _mm_maskz_set1_epi8 emulated_maskz_set1_epi8
#define __mmask16 uint16_t

#include "graft/tensor/simd_avx512.h"
// The kernels are written over the Simd that comes first.
#include "graft/tensor/kernels_body.h"

namespace graft::tensor {

const KernelTable* avx512_kernels() {
  return &kTable;
}

}  // namespace graft::tensor
