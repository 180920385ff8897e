// Unicode as the tokeniser's reference sees it: lower case, white space and normal form as CPython 3.11 (Unicode 14),
// letters and numbers as the `regex` module of 2026 (Unicode 17). utf8proc supplies the properties; characters newer
// than either are listed in tables/. A u32string here holds scalar values only: no surrogates.
#pragma once

#include <string>
#include <string_view>

namespace graft::text {

bool is_space(char32_t c);    // what Python's str.split() splits at
bool is_letter(char32_t c);   // \p{L}
bool is_number(char32_t c);   // \p{N}
bool is_decimal(char32_t c);  // \d
bool is_word(char32_t c);     // \w

std::u32string lower_case(std::u32string_view text);
std::u32string upper_case(std::u32string_view text);  // character by character, ligatures and sharp s spelled out
std::u32string collapse_white_space(std::u32string_view text);  // " ".join(text.split())
std::u32string compose(std::u32string_view text);               // NFC
std::u32string compatible(char32_t c);                          // NFKC

}  // namespace graft::text
