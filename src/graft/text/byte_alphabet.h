// GPT-2's alphabet of bytes: each of the 256 is a printable character, the printable ones of Latin-1 itself, the rest
// U+0100 on (Radford et al. 2019, openai/gpt-2).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace graft::text {

struct ByteAlphabet {
  std::array<char32_t, 256> letters;     // [byte]
  std::array<unsigned char, 256> order;  // the bytes as vocabularies list them: those that stand for themselves first

  static const ByteAlphabet& get();
  std::optional<unsigned char> byte_of(char32_t letter) const;
};

}  // namespace graft::text
