#include "graft/text/utf8.h"

#include <utf8proc.h>

namespace graft::text {
namespace {

struct Decoded {
  char32_t scalar;
  size_t length;  // bytes; of the maximal piece to be replaced if not valid
  bool valid;
};

// The bytes that may follow a lead byte are narrower after e0, ed, f0 and f4 (overlong forms, surrogates, beyond
// U+10FFFF): Unicode 14, table 3-7.
Decoded decode_one(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  if (lead < 0xc2 || lead > 0xf4) return {0xfffd, 1, false};
  const size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  char32_t scalar = lead & (0xff >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if (i >= bytes.size() || byte(i) < (i == 1 ? low : 0x80) || byte(i) > (i == 1 ? high : 0xbf)) {
      return {0xfffd, i, false};
    }
    scalar = scalar << 6 | (byte(i) & 0x3f);
  }
  return {scalar, length, true};
}

void append_character(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
    return;
  }
  utf8proc_uint8_t bytes[4];
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

}  // namespace

size_t valid_utf8_prefix(std::string_view bytes) {
  size_t at = 0;
  while (at < bytes.size()) {
    const Decoded next = decode_one(bytes.substr(at, 4));
    if (!next.valid) break;
    at += next.length;
  }
  return at;
}

std::u32string decode_utf8(std::string_view bytes) {
  std::u32string characters;
  characters.reserve(bytes.size());
  for (size_t at = 0; at < bytes.size();) {
    const Decoded next = decode_one(bytes.substr(at, 4));
    characters += next.scalar;
    at += next.length;
  }
  return characters;
}

std::string encode_utf8(std::u32string_view characters) {
  std::string bytes;
  bytes.reserve(characters.size());
  append_utf8(bytes, characters);
  return bytes;
}

void append_utf8(std::string& bytes, std::u32string_view characters) {
  for (const char32_t c : characters)
    append_character(bytes, c);
}

}  // namespace graft::text
