// Weights in blocks, each with scales of its own: how numbers lie in the quantised tensors of GGUF files
// (ggml-org/ggml, src/ggml-common.h) and of bitsandbytes' NF4 (Dettmers et al. 2023, arXiv:2305.14314).
//
// i is a number's place in its block, d and m are the block's scale and offset in float16. All blocks of a row of
// GGUF's formats lie in that row; K formats have sixteen or eight groups of numbers with small whole scales of their
// own.
//   q8_0     d q, q of 8 bits                       q2_k  16 groups of 16: d s q - dmin m, q of 2 bits
//   q4_0     d (q - 8), q of 4 bits                 q3_k  16 groups of 16: d s q, q of 3 bits
//   q4_1     d q + m                                q4_k  8 groups of 32: d s q - dmin m, q of 4 bits
//   q5_0     d (q - 16), q of 5 bits                q5_k  the same of 5 bits
//   q5_1     d q + m                                q6_k  16 groups of 16: d s (q - 32), q of 6 bits
//   iq4_nl   d table[q], q of 4 bits                nf4   absmax table[q], blocks of the flattened weight (nf4.h)
#pragma once

#include <cstdint>

namespace graft::tensor {

enum class BlockFormat { f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1, q2_k, q3_k, q4_k, q5_k, q6_k, iq4_nl, nf4 };

struct BlockSize {
  int64_t numbers, bytes;
};

// Of nf4 a pair of numbers, in a byte; their scale lies elsewhere.
constexpr BlockSize size_of(BlockFormat format) {
  constexpr BlockSize kSizes[] = {{1, 4},     {1, 2},     {1, 2},     {32, 34},  {32, 18},
                                  {32, 20},   {32, 22},   {32, 24},   {256, 84}, {256, 110},
                                  {256, 144}, {256, 176}, {256, 210}, {32, 18},  {2, 1}};
  return kSizes[static_cast<int>(format)];
}

// Whether a number is a scale times a byte, plus an offset.
constexpr bool has_byte_units(BlockFormat format) {
  return format >= BlockFormat::q8_0 && format <= BlockFormat::iq4_nl;
}

// The levels of iq4_nl, and of nf4: the 16 numbers that divide a normal distribution evenly, zero among them.
inline constexpr int8_t kIq4Levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
inline constexpr float kNf4Levels[16] = {-1.0f,
                                         -0.6961928009986877f,
                                         -0.5250730514526367f,
                                         -0.39491748809814453f,
                                         -0.28444138169288635f,
                                         -0.18477343022823334f,
                                         -0.09105003625154495f,
                                         0.0f,
                                         0.07958029955625534f,
                                         0.16093020141124725f,
                                         0.24611230194568634f,
                                         0.33791524171829224f,
                                         0.44070982933044434f,
                                         0.5626170039176941f,
                                         0.7229568362236023f,
                                         1.0f};

}  // namespace graft::tensor
