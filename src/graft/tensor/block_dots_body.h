// Products of weights in blocks with rows of whole numbers of sixteen bits (kernels.h) over Simd: thirty-two numbers of
// a weight's row against thirty-two of a left row, exactly, then scaled in float32. llama.cpp rounds the left row to
// bytes; here it keeps the bits that a sum of pairs leaves room for. The sums of a row of each run in one order,
// however many left rows are made beside it.
#pragma once

namespace graft::tensor {
namespace {

// w - centre of unit u, of which `unit` was read; bytes that lie as they are need not be put together first.
template <BlockFormat kFormat>
GRAFT_INLINE auto shorts_of(const uint8_t* blocks, int64_t u, const Unit& unit) {
  if constexpr (kFormat == BlockFormat::q8_0) return Simd::shorts(blocks + u * 34 + 2);
  return Simd::shorts<Blocks<kFormat>::kCentre>(unit.w[0], unit.w[1]);
}

// (scale (w - centre) + offset) x, summed. Units take turns in kDotChains sums, as one alone would wait for itself.
template <BlockFormat kFormat, int kM>
void dots(const BlockTile& tile, const ShortUnits& left, float* sums, int64_t lds) {
  using Own = Blocks<kFormat>;
  constexpr int kChains = Simd::kDotChains;
  for (int64_t row = 0; row < tile.rows; ++row) {
    const uint8_t* const blocks = tile.blocks + row * tile.row_bytes;
    F products[kM][kChains];
    float offsets[kM];
#pragma GCC unroll 8
    for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 2
      for (int c = 0; c < kChains; ++c)
        products[i][c] = Simd::zero();
      offsets[i] = 0;
    }
    const auto add = [&](int64_t u, int chain) __attribute__((always_inline)) {
      Unit unit;
      Own::read(blocks, u, unit);
      const auto w = shorts_of<kFormat>(blocks, u, unit);
      const F scale = Own::kHalves ? Simd::halves(unit.scale[0], unit.scale[1]) : Simd::set(unit.scale[0]);
#pragma GCC unroll 8
      for (int i = 0; i < kM; ++i) {
        const auto at = i * left.units + u;
        const F whole = Simd::dot_of_shorts(w, left.numbers + 32 * at);
        products[i][chain] = Simd::fma(whole, Simd::mul(scale, Simd::set(left.scales[at])), products[i][chain]);
        if constexpr (Own::kOffsets && Own::kHalves) {
          offsets[i] = __builtin_fmaf(unit.offset[0], left.sums[2 * at], offsets[i]);
          offsets[i] = __builtin_fmaf(unit.offset[1], left.sums[2 * at + 1], offsets[i]);
        } else if constexpr (Own::kOffsets) {
          offsets[i] = __builtin_fmaf(unit.offset[0], left.sums[2 * at] + left.sums[2 * at + 1], offsets[i]);
        }
      }
    };
    int64_t u = 0;
    for (; u + kChains <= tile.units; u += kChains) {
#pragma GCC unroll 2
      for (int c = 0; c < kChains; ++c)
        add(u + c, c);
    }
    for (; u < tile.units; ++u)
      add(u, 0);
#pragma GCC unroll 8
    for (int i = 0; i < kM; ++i) {
      F all = products[i][0];
#pragma GCC unroll 2
      for (int c = 1; c < kChains; ++c)
        all = Simd::add(all, products[i][c]);
      sums[i * lds + row] = Simd::sum(all) + offsets[i];
    }
  }
}

template <BlockFormat kFormat, int kM>
void last_dots(int64_t m, const BlockTile& tile, const ShortUnits& left, float* sums, int64_t lds) {
  if constexpr (kM > 0) {
    if (m == kM) return dots<kFormat, kM>(tile, left, sums, lds);
    last_dots<kFormat, kM - 1>(m, tile, left, sums, lds);
  }
}

template <BlockFormat kFormat>
void all_dots(const BlockTile& tile, int64_t m, ShortUnits left, float* sums, int64_t lds) {
  constexpr int kAtOnce = Simd::kDotRows;
  for (; m > 0; m -= kAtOnce, sums += kAtOnce * lds) {
    if (m < kAtOnce) return last_dots<kFormat, kAtOnce - 1>(m, tile, left, sums, lds);
    dots<kFormat, kAtOnce>(tile, left, sums, lds);
    left.numbers += 32 * kAtOnce * left.units;
    left.scales += kAtOnce * left.units;
    left.sums += 2 * kAtOnce * left.units;
  }
}

void dots_with_blocks(BlockFormat format, const BlockTile& tile, int64_t m, const ShortUnits& left, float* sums,
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

// One row in units of thirty-two: x = scale n, the largest magnitude being 32767, and scale times the sum of n over
// each half.
void quantise_units(int64_t units, ConstRows row, int16_t* numbers, float* scales, float* sums) {
  for (int64_t u = 0; u < units; ++u, numbers += 32) {
    const F first = load_row(row, 32 * u, kLanes), second = load_row(row, 32 * u + kLanes, kLanes);
    const float largest = Simd::largest(Simd::max(Simd::abs(first), Simd::abs(second)));
    const F inverse = Simd::set(largest > 0 ? 32767 / largest : 0);
    scales[u] = largest / 32767;
    for (int h = 0; h < 2; ++h) {
      const F whole = Simd::round(Simd::mul(h == 0 ? first : second, inverse));
      Simd::store_whole(numbers + kLanes * h, whole);
      sums[2 * u + h] = scales[u] * Simd::sum(whole);
    }
  }
}

}  // namespace
}  // namespace graft::tensor
