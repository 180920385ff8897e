// Unicode as the tokeniser's reference sees it: lower case, white space and normal form as CPython 3.11 (Unicode 14),
// letters and numbers as the `regex` module of 2026 (Unicode 17). utf8proc supplies the properties; characters newer than
// either are listed in tables/. A u32string here holds scalar values only: no surrogates.
#pragma once

#include <string>
#include <string_view>

namespace graft::text {

// The length of the longest prefix that is UTF-8: no surrogates, no overlong forms. The whole text's, if all is well.
size_t valid_utf8_prefix(std::string_view bytes);
std::u32string decode_utf8(std::string_view bytes);        // what is not UTF-8 becomes U+FFFD, one a maximal piece
std::string encode_utf8(std::u32string_view characters);

bool is_space(char32_t c);    // what Python's str.split() splits at
bool is_letter(char32_t c);   // \p{L}
bool is_number(char32_t c);   // \p{N}
bool is_decimal(char32_t c);  // \d
bool is_word(char32_t c);     // \w

std::u32string lower_case(std::u32string_view text);
std::u32string upper_case(std::u32string_view text);            // character by character, ligatures and sharp s spelled out
std::u32string collapse_white_space(std::u32string_view text);  // " ".join(text.split())
std::u32string compose(std::u32string_view text);               // NFC
std::u32string compatible(char32_t c);                          // NFKC

}  // namespace graft::text
