#include "graft/io/gguf_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "graft/core/error.h"

namespace graft::io {
namespace {

using Blocks = tensor::BlockFormat;

constexpr std::array<BlockFormat, 19> kFormats{{{GgmlType::f32, "F32", 1, 4, false, Blocks::f32},
                                                {GgmlType::f16, "F16", 1, 2, false, Blocks::f16},
                                                {GgmlType::q4_0, "Q4_0", 32, 18, false, Blocks::q4_0},
                                                {GgmlType::q4_1, "Q4_1", 32, 20, false, Blocks::q4_1},
                                                {GgmlType::q5_0, "Q5_0", 32, 22, false, Blocks::q5_0},
                                                {GgmlType::q5_1, "Q5_1", 32, 24, false, Blocks::q5_1},
                                                {GgmlType::q8_0, "Q8_0", 32, 34, false, Blocks::q8_0},
                                                {GgmlType::q2_k, "Q2_K", 256, 84, false, Blocks::q2_k},
                                                {GgmlType::q3_k, "Q3_K", 256, 110, false, Blocks::q3_k},
                                                {GgmlType::q4_k, "Q4_K", 256, 144, false, Blocks::q4_k},
                                                {GgmlType::q5_k, "Q5_K", 256, 176, false, Blocks::q5_k},
                                                {GgmlType::q6_k, "Q6_K", 256, 210, false, Blocks::q6_k},
                                                {GgmlType::iq4_nl, "IQ4_NL", 32, 18, false, Blocks::iq4_nl},
                                                {GgmlType::i8, "I8", 1, 1, true},
                                                {GgmlType::i16, "I16", 1, 2, true},
                                                {GgmlType::i32, "I32", 1, 4, true},
                                                {GgmlType::i64, "I64", 1, 8, true},
                                                {GgmlType::f64, "F64", 1, 8},
                                                {GgmlType::bf16, "BF16", 1, 2, false, Blocks::bf16}}};

struct OtherType {
  std::uint32_t type;
  const char* name;
  bool removed = false;
};
constexpr OtherType kOthers[] = {{4, "Q4_2", true},
                                 {5, "Q4_3", true},
                                 {9, "Q8_1"},
                                 {15, "Q8_K"},
                                 {16, "IQ2_XXS"},
                                 {17, "IQ2_XS"},
                                 {18, "IQ3_XXS"},
                                 {19, "IQ1_S"},
                                 {21, "IQ3_S"},
                                 {22, "IQ2_S"},
                                 {23, "IQ4_XS"},
                                 {29, "IQ1_M"},
                                 {31, "Q4_0_4_4", true},
                                 {32, "Q4_0_4_8", true},
                                 {33, "Q4_0_8_8", true},
                                 {34, "TQ1_0"},
                                 {35, "TQ2_0"},
                                 {36, "IQ4_NL_4_4", true},
                                 {37, "IQ4_NL_4_8", true},
                                 {38, "IQ4_NL_8_8", true},
                                 {39, "MXFP4"}};

}  // namespace

const BlockFormat* find_format(std::uint32_t type) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(), [&](const BlockFormat& format) {
    return static_cast<std::uint32_t>(format.type) == type;
  });
  return found == kFormats.end() ? nullptr : &*found;
}

const BlockFormat& format_of(GgmlType type) {
  const auto* format = find_format(static_cast<std::uint32_t>(type));
  GRAFT_ASSERT(format != nullptr);
  return *format;
}

std::string name_of_other(std::uint32_t type) {
  for (const auto& other : kOthers) {
    if (other.type == type)
      return fmt::format("{}{}", other.name, other.removed ? ", which was removed from the format" : "");
  }
  return fmt::format("number {}", type);
}

}  // namespace graft::io
