// UTF-8 to code points and back. A u32string in this room holds scalar values only: no surrogates.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace graft::text {

// The length of the longest prefix that is UTF-8: no surrogates, no overlong forms. The whole text's, if all is well.
size_t valid_utf8_prefix(std::string_view bytes);
// The bytes of a character whose first byte is `lead`, in text that is UTF-8.
inline size_t utf8_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}
std::u32string decode_utf8(std::string_view bytes);  // what is not UTF-8 becomes U+FFFD, one a maximal piece
std::string encode_utf8(std::u32string_view characters);
void append_utf8(std::string& bytes, std::u32string_view characters);

}  // namespace graft::text
