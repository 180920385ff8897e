// The single-byte encodings that text is taken for when it is UTF-8, and the ways back to its bytes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace graft::text {

// A single-byte encoding above ASCII, as Python and ftfy know it. ftfy's `sloppy` ones give the code points that
// Windows left out to the controls of the same number, and byte 1a, which no text has, to U+FFFD: a byte that was lost.
struct Charset {
  std::string_view name;
  char32_t upper[128];  // what bytes 80 to ff stand for

  bool sloppy() const { return name.starts_with("sloppy"); }
  // The bytes of a text, or nothing if a character has none.
  std::optional<std::string> encode(std::u32string_view text) const;
};

std::span<const Charset> charsets();  // in the order in which ftfy tries them: Latin-1, Windows-1252, 1251, ...
char32_t windows_1252(char32_t c1);   // what a control character 80 to 9f was meant to be; itself if nothing

// UTF-8 to the letter; nothing if a byte is wrong.
std::optional<std::u32string> decode_strict_utf8(std::string_view bytes);
// Also CESU-8, whose characters beyond U+FFFF are two surrogates of three bytes, and Java's null, c0 80.
std::optional<std::u32string> decode_utf8_variants(std::string_view bytes);

}  // namespace graft::text
