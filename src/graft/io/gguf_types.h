// The element types of GGUF files: plain numbers, and blocks that hold a few bits a number beside scales of their own
// (ggml, Gerganov et al. 2022; layouts after ggml-common.h). A row of a tensor is whole blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "graft/tensor/block_format.h"

namespace graft::io {

// By their numbers in files.
enum class GgmlType : std::uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  iq4_nl = 20,
  i8 = 24,
  i16 = 25,
  i32 = 26,
  i64 = 27,
  f64 = 28,
  bf16 = 30,
};

struct BlockFormat {
  GgmlType type;
  const char* name;     // "Q4_K"
  std::size_t numbers;  // in a block
  std::size_t bytes;    // of it
  bool integers = false;
  std::optional<tensor::BlockFormat> blocks = {};  // as tensors have it; absent: integers and float64
};

// nullptr: a type that graft does not read.
const BlockFormat* find_format(std::uint32_t type);
const BlockFormat& format_of(GgmlType type);
// What a type that is not read is called: "IQ2_XXS", "Q4_0_4_4, which was removed from the format", "60".
std::string name_of_other(std::uint32_t type);

// Whole blocks as float32; out.size() numbers, a multiple of a block's. To the bit what gguf-py's dequantize gives.
// Integers are widened.
void dequantise(GgmlType type, std::span<const std::byte> blocks, std::span<float> out);

// The other way, for the types that are written: F32, F16, BF16 and Q8_0, to the bit as gguf-py's quantize.
void quantise(GgmlType type, std::span<const float> numbers, std::span<std::byte> out);

}  // namespace graft::io
