// Blocks (block_format.h) to numbers and back in plain code, for every processor and without libtorch: readers of files
// use it too.
#pragma once

#include <cstdint>
#include <string_view>

#include "graft/tensor/block_format.h"

namespace graft::tensor {

std::string_view to_string(BlockFormat);  // "Q4_K", as GGML's tools spell it; "NF4"

// `count` blocks -> their numbers, in plain code for every processor: what the kernels are held against, to the bit.
// Not for nf4. The blocks need not be aligned.
void dequantise_blocks(BlockFormat, int64_t count, const uint8_t* blocks, float* to);

// n numbers in blocks of 32 -> q8_0, as ggml's reference rounds them: d = the largest magnitude / 127, q = x / d with
// halves away from zero. n is a multiple of 32.
void quantise_q8_0(int64_t n, const float* from, uint8_t* blocks);

float half_to_float(uint16_t bits);
uint16_t float_to_half(float);  // to nearest, ties to even

}  // namespace graft::tensor
