// Characters and normal forms as the `tokenizers` library sees them. Its parts follow Unicode 9 (normal forms, accents,
// controls), 16 and 17 (letters, numbers, words), so that each class has a table of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace graft::text::characters {

enum Class : uint16_t {
  kControl = 1,       // what BERT's cleaning removes; tab and line ends are not among it
  kWhiteSpace = 2,    // Unicode's White_Space
  kNonspacing = 4,    // what BERT's stripping takes for an accent
  kCombining = 8,     // what StripAccents does
  kPunctuation = 16,  // what BERT's splitting isolates
  kLetter = 32,       // \p{L}
  kNumber = 64,       // \p{N}
  kWord = 128,        // \w
  kNumeric = 256,     // what Digits isolates
  kHasLower = 512,
  kInert = 1024,  // neither decomposes nor combines
};
uint16_t classes(char32_t c);
inline bool is(char32_t c, uint16_t any_of) {
  return (classes(c) & any_of) != 0;
}
bool is_chinese(char32_t c);  // BERT's idea of it: ideographs

std::u32string lower_case(std::u32string_view text);  // character by character: no final sigma

enum class NormalForm { kNfc, kNfd, kNfkc, kNfkd };
std::u32string normalized(std::u32string_view text, NormalForm form);

}  // namespace graft::text::characters
