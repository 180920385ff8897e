// The matrix products of kernels.h over Simd: one tile of sums in registers for each kind of number.
#pragma once

namespace graft::tensor {
namespace {

constexpr int kRows = Simd::kTileRows;
constexpr int kVectors = Simd::kTileVectors;

// How a kind of number is loaded, multiplied and summed; kGroup numbers of a row are one step.
struct Floats {
  using Left = float;
  using Right = float;
  using Sum = float;
  using Vector = F;
  static constexpr int kGroup = 1;
  static GRAFT_INLINE F zero() { return Simd::zero(); }
  static GRAFT_INLINE F sums(const float* c) { return Simd::load(c); }
  static GRAFT_INLINE F left(const float* a) { return Simd::broadcast(a); }
  static GRAFT_INLINE F right(const float* b) { return Simd::load(b); }
  static GRAFT_INLINE F add_product(F a, F b, F c) { return Simd::fma(a, b, c); }
};

struct Integers {
  using Left = int16_t;
  using Right = int16_t;
  using Sum = int32_t;
  using Vector = Simd::I;
  static constexpr int kGroup = 2;
  static GRAFT_INLINE Vector zero() { return Simd::zero_sums(); }
  static GRAFT_INLINE Vector sums(const int32_t* c) { return Simd::load_sums(c); }
  static GRAFT_INLINE Vector left(const int16_t* a) { return Simd::broadcast_four_bytes(a); }
  static GRAFT_INLINE Vector right(const int16_t* b) { return Simd::load_numbers(b); }
  static GRAFT_INLINE Vector add_product(Vector a, Vector b, Vector c) { return Simd::add_product_of_pairs(a, b, c); }
};

#ifdef GRAFT_SHORT_PRODUCTS
struct Bytes {
  using Left = uint8_t;
  using Right = int8_t;
  using Sum = int32_t;
  using Vector = Simd::I;
  static constexpr int kGroup = 4;
  static GRAFT_INLINE Vector zero() { return Simd::zero_sums(); }
  static GRAFT_INLINE Vector sums(const int32_t* c) { return Simd::load_sums(c); }
  static GRAFT_INLINE Vector left(const uint8_t* a) { return Simd::broadcast_four_bytes(a); }
  static GRAFT_INLINE Vector right(const int8_t* b) { return Simd::load_numbers(b); }
  static GRAFT_INLINE Vector add_product(Vector a, Vector b, Vector c) { return Simd::add_product_of_bytes(a, b, c); }
};

struct Bf16Pairs {
  using Left = bf16_bits;
  using Right = bf16_bits;
  using Sum = float;
  using Vector = F;
  static constexpr int kGroup = 2;
  static GRAFT_INLINE F zero() { return Simd::zero(); }
  static GRAFT_INLINE F sums(const float* c) { return Simd::load(c); }
  static GRAFT_INLINE Simd::I left(const bf16_bits* a) { return Simd::broadcast_four_bytes(a); }
  static GRAFT_INLINE Simd::I right(const bf16_bits* b) { return Simd::load_numbers(b); }
  static GRAFT_INLINE F add_product(Simd::I a, Simd::I b, F c) { return Simd::add_product_of_bf16_pairs(a, b, c); }
};
#endif

// kM rows of kV vectors of sums in registers.
template <class Kind, int kM, int kV, bool kTransposed>
GRAFT_INLINE void tile(int64_t steps, const typename Kind::Left* a, int64_t lda, const typename Kind::Right* b,
                       int64_t ldb, typename Kind::Sum* c, int64_t ldc, bool add) {
  typename Kind::Vector sums[kM][kV];
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kV; ++j)
      sums[i][j] = add ? Kind::sums(c + i * ldc + j * kLanes) : Kind::zero();
  }
  for (int64_t step = 0; step < steps; ++step) {
    decltype(Kind::right(b)) right[kV];
#pragma GCC unroll 4
    for (int j = 0; j < kV; ++j)
      right[j] = Kind::right(b + step * ldb + j * kLanes * Kind::kGroup);
#pragma GCC unroll 16
    for (int i = 0; i < kM; ++i) {
      const auto left = Kind::left(kTransposed ? a + step * lda + i * Kind::kGroup : a + i * lda + step * Kind::kGroup);
#pragma GCC unroll 4
      for (int j = 0; j < kV; ++j)
        sums[i][j] = Kind::add_product(left, right[j], sums[i][j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kV; ++j)
      Simd::store(c + i * ldc + j * kLanes, sums[i][j]);
  }
}

template <class Kind, int kM, int kV, bool kTransposed>
void last_tile(int64_t m, int64_t steps, const typename Kind::Left* a, int64_t lda, const typename Kind::Right* b,
               int64_t ldb, typename Kind::Sum* c, int64_t ldc, bool add) {
  if constexpr (kM > 0) {
    if (m == kM) return tile<Kind, kM, kV, kTransposed>(steps, a, lda, b, ldb, c, ldc, add);
    last_tile<Kind, kM - 1, kV, kTransposed>(m, steps, a, lda, b, ldb, c, ldc, add);
  }
}

template <class Kind, int kV, bool kTransposed>
void rows_of_tiles(int64_t m, int64_t steps, const typename Kind::Left* a, int64_t lda, const typename Kind::Right* b,
                   int64_t ldb, typename Kind::Sum* c, int64_t ldc, bool add) {
  const auto row = [&](int64_t i) { return kTransposed ? a + i * Kind::kGroup : a + i * lda; };
  int64_t i = 0;
  for (; i + kRows <= m; i += kRows)
    tile<Kind, kRows, kV, kTransposed>(steps, row(i), lda, b, ldb, c + i * ldc, ldc, add);
  last_tile<Kind, kRows - 1, kV, kTransposed>(m - i, steps, row(i), lda, b, ldb, c + i * ldc, ldc, add);
}

template <class Kind, bool kTransposed = false>
void product(int64_t m, int64_t columns, int64_t steps, const typename Kind::Left* a, int64_t lda,
             const typename Kind::Right* b, int64_t ldb, typename Kind::Sum* c, int64_t ldc, bool add) {
  if (columns <= kLanes) return rows_of_tiles<Kind, 1, kTransposed>(m, steps, a, lda, b, ldb, c, ldc, add);
  rows_of_tiles<Kind, kVectors, kTransposed>(m, steps, a, lda, b, ldb, c, ldc, add);
}

}  // namespace
}  // namespace graft::tensor
