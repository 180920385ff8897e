// Weights in blocks (block_format.h) of kernels.h over Simd: thirty-two numbers of a row at a time become
//   value = scale (w - centre) + offset
// with w of eight bits, one scale and offset for each half. All formats of GGUF but the plain halves are of that form,
// and every product in it is exact in float32, so that one rounding at most is left and no order of operations matters.
#pragma once

namespace graft::tensor {
namespace {

using Bytes16 = __m128i;  // sixteen whole numbers from 0 to 255

GRAFT_INLINE Bytes16 load_bytes(const uint8_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
GRAFT_INLINE Bytes16 all(int x) {
  return _mm_set1_epi8(static_cast<char>(x));
}
GRAFT_INLINE Bytes16 both(Bytes16 a, Bytes16 b) {
  return _mm_or_si128(a, b);
}
template <int kShift, int kMask>
GRAFT_INLINE Bytes16 bits(Bytes16 x) {  // (x >> kShift) & kMask
  return _mm_and_si128(_mm_srli_epi16(x, kShift), all(kMask));
}
// The same with a shift that is known only when it runs.
GRAFT_INLINE Bytes16 bits(Bytes16 x, int shift, int mask) {
  return _mm_and_si128(_mm_srl_epi16(x, _mm_cvtsi32_si128(shift)), all(mask));
}
template <int kShift>
GRAFT_INLINE Bytes16 raised(Bytes16 x) {  // x << kShift, which stays below 256
  return _mm_slli_epi16(x, kShift);
}

GRAFT_INLINE float half_at(const uint8_t* p) {
  uint16_t x;
  __builtin_memcpy(&x, p, sizeof x);
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(x)));
}

struct Unit {
  Bytes16 w[2];     // w[h] has the numbers 16 h to 16 h + 15
  float scale[2];   // of each half
  float offset[2];  // the same; not set where a format has none
};

template <BlockFormat>
struct Blocks;  // centre; whether there are offsets; whether halves have scales of their own; unit u of a row

template <>
struct Blocks<BlockFormat::q8_0> {
  static constexpr int kCentre = 128;
  static constexpr bool kOffsets = false, kHalves = false;
  static GRAFT_INLINE void read(const uint8_t* row, int64_t u, Unit& unit) {
    const uint8_t* const b = row + u * 34;
    unit.scale[0] = half_at(b);
    for (int h = 0; h < 2; ++h)
      unit.w[h] = _mm_xor_si128(load_bytes(b + 2 + 16 * h), all(128));
  }
};

GRAFT_INLINE void read_nibbles(const uint8_t* from, Unit& unit) {
  const auto x = load_bytes(from);
  unit.w[0] = bits<0, 15>(x);
  unit.w[1] = bits<4, 15>(x);
}

GRAFT_INLINE void read_five_bits(const uint8_t* fifth, const uint8_t* from, Unit& unit) {
  uint32_t word;
  __builtin_memcpy(&word, fifth, sizeof word);
  read_nibbles(from, unit);
  unit.w[0] = both(unit.w[0], Simd::spread<16>(word));
  unit.w[1] = both(unit.w[1], Simd::spread<16>(word >> 16));
}

template <>
struct Blocks<BlockFormat::q4_0> {
  static constexpr int kCentre = 8;
  static constexpr bool kOffsets = false, kHalves = false;
  static GRAFT_INLINE void read(const uint8_t* row, int64_t u, Unit& unit) {
    unit.scale[0] = half_at(row + u * 18);
    read_nibbles(row + u * 18 + 2, unit);
  }
};

template <>
struct Blocks<BlockFormat::q4_1> {
  static constexpr int kCentre = 0;
  static constexpr bool kOffsets = true, kHalves = false;
  static GRAFT_INLINE void read(const uint8_t* row, int64_t u, Unit& unit) {
    unit.scale[0] = half_at(row + u * 20);
    unit.offset[0] = half_at(row + u * 20 + 2);
    read_nibbles(row + u * 20 + 4, unit);
  }
};

template <>
struct Blocks<BlockFormat::q5_0> {
  static constexpr int kCentre = 16;
  static constexpr bool kOffsets = false, kHalves = false;
  static GRAFT_INLINE void read(const uint8_t* row, int64_t u, Unit& unit) {
    unit.scale[0] = half_at(row + u * 22);
    read_five_bits(row + u * 22 + 2, row + u * 22 + 6, unit);
  }
};

template <>
struct Blocks<BlockFormat::q5_1> {
  static constexpr int kCentre = 0;
  static constexpr bool kOffsets = true, kHalves = false;
  static GRAFT_INLINE void read(const uint8_t* row, int64_t u, Unit& unit) {
    unit.scale[0] = half_at(row + u * 24);
    unit.offset[0] = half_at(row + u * 24 + 2);
    read_five_bits(row + u * 24 + 4, row + u * 24 + 8, unit);
  }
};

template <>
struct Blocks<BlockFormat::iq4_nl> {
  static constexpr int kCentre = 128;
  static constexpr bool kOffsets = false, kHalves = false;
  static GRAFT_INLINE void read(const uint8_t* row, int64_t u, Unit& unit) {
    const auto levels = _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(kIq4Levels)), all(128));
    unit.scale[0] = half_at(row + u * 18);
    read_nibbles(row + u * 18 + 2, unit);
    for (auto& w : unit.w)
      w = _mm_shuffle_epi8(levels, w);
  }
};

template <>
struct Blocks<BlockFormat::q2_k> {
  static constexpr int kCentre = 0;
  static constexpr bool kOffsets = true, kHalves = true;
  static GRAFT_INLINE void read(const uint8_t* row, int64_t u, Unit& unit) {
    const uint8_t* const b = row + u / 8 * 84;
    const int g = static_cast<int>(u % 8);
    const float d = half_at(b + 80), d_offset = half_at(b + 82);
    for (int h = 0; h < 2; ++h) {
      const int scales = b[2 * g + h];
      unit.scale[h] = d * static_cast<float>(scales & 15);
      unit.offset[h] = -(d_offset * static_cast<float>(scales >> 4));
      unit.w[h] = bits(load_bytes(b + 16 + 32 * (g / 4) + 16 * h), 2 * (g % 4), 3);
    }
  }
};

template <>
struct Blocks<BlockFormat::q3_k> {
  static constexpr int kCentre = 4;
  static constexpr bool kOffsets = false, kHalves = true;
  static GRAFT_INLINE int scale_of(const uint8_t* s, int g) {
    return (((s[g % 8] >> (4 * (g / 8))) & 15) | ((s[8 + g % 4] >> (2 * (g / 4))) & 3) << 4) - 32;
  }
  static GRAFT_INLINE void read(const uint8_t* row, int64_t u, Unit& unit) {
    const uint8_t* const b = row + u / 8 * 110;
    const int g = static_cast<int>(u % 8);
    const float d = half_at(b + 108);
    for (int h = 0; h < 2; ++h) {
      unit.scale[h] = d * static_cast<float>(scale_of(b + 96, 2 * g + h));
      unit.w[h] = both(bits(load_bytes(b + 32 + 32 * (g / 4) + 16 * h), 2 * (g % 4), 3),
                       raised<2>(bits(load_bytes(b + 16 * h), g, 1)));
    }
  }
};

// Scale and offset of group g in the twelve bytes of q4_k and q5_k.
GRAFT_INLINE void read_six_bits(const uint8_t* b, int g, Unit& unit) {
  const uint8_t* const s = b + 4;
  const int scale = g < 4 ? s[g] & 63 : (s[g + 4] & 15) | (s[g - 4] >> 6) << 4;
  const int offset = g < 4 ? s[g + 4] & 63 : (s[g + 4] >> 4) | (s[g] >> 6) << 4;
  unit.scale[0] = half_at(b) * static_cast<float>(scale);
  unit.offset[0] = -(half_at(b + 2) * static_cast<float>(offset));
}

template <>
struct Blocks<BlockFormat::q4_k> {
  static constexpr int kCentre = 0;
  static constexpr bool kOffsets = true, kHalves = false;
  static GRAFT_INLINE void read(const uint8_t* row, int64_t u, Unit& unit) {
    const uint8_t* const b = row + u / 8 * 144;
    const int g = static_cast<int>(u % 8);
    read_six_bits(b, g, unit);
    for (int h = 0; h < 2; ++h)
      unit.w[h] = bits(load_bytes(b + 16 + 32 * (g / 2) + 16 * h), 4 * (g & 1), 15);
  }
};

template <>
struct Blocks<BlockFormat::q5_k> {
  static constexpr int kCentre = 0;
  static constexpr bool kOffsets = true, kHalves = false;
  static GRAFT_INLINE void read(const uint8_t* row, int64_t u, Unit& unit) {
    const uint8_t* const b = row + u / 8 * 176;
    const int g = static_cast<int>(u % 8);
    read_six_bits(b, g, unit);
    for (int h = 0; h < 2; ++h) {
      unit.w[h] = both(bits(load_bytes(b + 48 + 32 * (g / 2) + 16 * h), 4 * (g & 1), 15),
                       raised<4>(bits(load_bytes(b + 16 + 16 * h), g, 1)));
    }
  }
};

template <>
struct Blocks<BlockFormat::q6_k> {
  static constexpr int kCentre = 32;
  static constexpr bool kOffsets = false, kHalves = true;
  static GRAFT_INLINE void read(const uint8_t* row, int64_t u, Unit& unit) {
    const uint8_t* const b = row + u / 8 * 210;
    const int part = static_cast<int>(u % 8) / 4, k = static_cast<int>(u % 4);
    const float d = half_at(b + 208);
    for (int h = 0; h < 2; ++h) {
      unit.scale[h] = d * static_cast<float>(static_cast<int8_t>(b[192 + 8 * part + 2 * k + h]));
      unit.w[h] = both(bits(load_bytes(b + 64 * part + 32 * (k & 1) + 16 * h), 4 * (k >> 1), 15),
                       raised<4>(bits(load_bytes(b + 128 + 32 * part + 16 * h), 2 * k, 3)));
    }
  }
};

// The rows of a tile, unit after unit, into floats: unit(row, u, to) writes thirty-two.
template <class WriteUnit>
GRAFT_INLINE void over_tile(const BlockTile& tile, float* to, int64_t ldt, const WriteUnit& write) {
  for (int64_t row = 0; row < tile.rows; ++row) {
    const uint8_t* const blocks = tile.blocks + row * tile.row_bytes;
    for (int64_t u = 0; u < tile.units; ++u)
      write(blocks, row, tile.first_unit + u, u, to + row * ldt + 32 * u);
  }
}

template <BlockFormat kFormat>
void dequantise_tile(const BlockTile& tile, float* to, int64_t ldt) {
  using Own = Blocks<kFormat>;
  over_tile(tile, to, ldt, [](const uint8_t* blocks, int64_t, int64_t at, int64_t, float* out) {
    Unit unit;
    Own::read(blocks, at, unit);
    for (int h = 0; h < 2; ++h) {
      const int own = Own::kHalves ? h : 0;
      const auto whole = Own::kCentre ? _mm_sub_epi8(unit.w[h], all(Own::kCentre)) : unit.w[h];
      const F scale = Simd::set(unit.scale[own]), x = Simd::of_signed_bytes(whole);
      const F value = Own::kOffsets ? Simd::fma(scale, x, Simd::set(unit.offset[own])) : Simd::mul(scale, x);
      Simd::store(out + kLanes * h, value);
    }
  });
}

template <>
void dequantise_tile<BlockFormat::f32>(const BlockTile& tile, float* to, int64_t ldt) {
  over_tile(tile, to, ldt, [](const uint8_t* blocks, int64_t, int64_t at, int64_t, float* out) {
    __builtin_memcpy(out, blocks + 4 * 32 * at, 4 * 32);
  });
}

template <>
void dequantise_tile<BlockFormat::f16>(const BlockTile& tile, float* to, int64_t ldt) {
  over_tile(tile, to, ldt, [](const uint8_t* blocks, int64_t, int64_t at, int64_t, float* out) {
    for (int h = 0; h < 2; ++h)
      Simd::store(out + kLanes * h, Simd::of_halves(blocks + 2 * (32 * at + kLanes * h)));
  });
}

template <>
void dequantise_tile<BlockFormat::bf16>(const BlockTile& tile, float* to, int64_t ldt) {
  over_tile(tile, to, ldt, [](const uint8_t* blocks, int64_t, int64_t at, int64_t, float* out) {
    for (int h = 0; h < 2; ++h) {
      bf16_bits unaligned[kLanes];
      __builtin_memcpy(unaligned, blocks + 2 * (32 * at + kLanes * h), sizeof unaligned);
      Simd::store(out + kLanes * h, Simd::load(unaligned));
    }
  });
}

GRAFT_INLINE F rounded(F x, Rounding rounding) {
  if (rounding == Rounding::to_f16) return Simd::through_half(x);
  if (rounding == Rounding::to_bf16) {
    bf16_bits narrow[kLanes];
    Simd::store(narrow, x);
    return Simd::load(narrow);
  }
  return x;
}

// The even number of a byte lies in its high bits.
template <>
void dequantise_tile<BlockFormat::nf4>(const BlockTile& tile, float* to, int64_t ldt) {
  const auto levels = Simd::table(kNf4Levels);
  over_tile(tile, to, ldt, [&](const uint8_t* blocks, int64_t row, int64_t at, int64_t u, float* out) {
    const F scale = Simd::set(tile.scales[row * tile.units + u]);
    const auto x = load_bytes(blocks + 16 * at);
    const auto even = bits<4, 15>(x), odd = bits<0, 15>(x);
    const F first = Simd::mul(Simd::look_up(levels, _mm_unpacklo_epi8(even, odd)), scale);
    const F second = Simd::mul(Simd::look_up(levels, _mm_unpackhi_epi8(even, odd)), scale);
    Simd::store(out, rounded(first, tile.rounding));
    Simd::store(out + kLanes, rounded(second, tile.rounding));
  });
}

void dequantise(BlockFormat format, const BlockTile& tile, float* to, int64_t ldt) {
  switch (format) {
    case BlockFormat::f32:
      return dequantise_tile<BlockFormat::f32>(tile, to, ldt);
    case BlockFormat::f16:
      return dequantise_tile<BlockFormat::f16>(tile, to, ldt);
    case BlockFormat::bf16:
      return dequantise_tile<BlockFormat::bf16>(tile, to, ldt);
    case BlockFormat::q8_0:
      return dequantise_tile<BlockFormat::q8_0>(tile, to, ldt);
    case BlockFormat::q4_0:
      return dequantise_tile<BlockFormat::q4_0>(tile, to, ldt);
    case BlockFormat::q4_1:
      return dequantise_tile<BlockFormat::q4_1>(tile, to, ldt);
    case BlockFormat::q5_0:
      return dequantise_tile<BlockFormat::q5_0>(tile, to, ldt);
    case BlockFormat::q5_1:
      return dequantise_tile<BlockFormat::q5_1>(tile, to, ldt);
    case BlockFormat::q2_k:
      return dequantise_tile<BlockFormat::q2_k>(tile, to, ldt);
    case BlockFormat::q3_k:
      return dequantise_tile<BlockFormat::q3_k>(tile, to, ldt);
    case BlockFormat::q4_k:
      return dequantise_tile<BlockFormat::q4_k>(tile, to, ldt);
    case BlockFormat::q5_k:
      return dequantise_tile<BlockFormat::q5_k>(tile, to, ldt);
    case BlockFormat::q6_k:
      return dequantise_tile<BlockFormat::q6_k>(tile, to, ldt);
    case BlockFormat::iq4_nl:
      return dequantise_tile<BlockFormat::iq4_nl>(tile, to, ldt);
    case BlockFormat::nf4:
      return dequantise_tile<BlockFormat::nf4>(tile, to, ldt);
  }
}

// Rows of a weight [panel, columns] as the steps of a panel; columns in sixteens.
void turn(int64_t columns, const float* from, int64_t ldf, float* to) {
  for (int64_t row = 0; row < kPanel; row += kLanes) {
    for (int64_t column = 0; column < columns; column += kLanes) {
      F square[kLanes];
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i)
        square[i] = Simd::load(from + (row + i) * ldf + column);
      Simd::transpose(square);
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i)
        Simd::store(to + (column + i) * kPanel + row, square[i]);
    }
  }
}

#ifdef GRAFT_SHORT_PRODUCTS
// The same rounded to bf16, pairs of columns side by side; columns in thirty-twos.
void turn_to_pairs(int64_t columns, const float* from, int64_t ldf, bf16_bits* to) {
  for (int64_t row = 0; row < kPanel; row += kLanes) {
    for (int64_t column = 0; column < columns; column += 2 * kLanes) {
      F square[kLanes];  // of pairs
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) {
        const float* const at = from + (row + i) * ldf + column;
        square[i] = Simd::narrow_both(Simd::load(at), Simd::load(at + kLanes));
      }
      Simd::transpose(square);
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i)
        Simd::store_bits(to + (column + 2 * i) * kPanel + 2 * row, square[i]);
    }
  }
}

// Rows [2 steps, panel] as steps of pairs, rounded to bf16.
void pair_rows(int64_t steps, const float* from, int64_t ldf, bf16_bits* to) {
  for (int64_t step = 0; step < steps; ++step) {
    for (int64_t j = 0; j < kPanel; j += kLanes) {
      const float* const at = from + 2 * step * ldf + j;
      Simd::store_pairs(to + 2 * (step * kPanel + j), Simd::load(at), Simd::load(at + ldf));
    }
  }
}
#endif

}  // namespace
}  // namespace graft::tensor
