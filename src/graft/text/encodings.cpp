#include "graft/text/encodings.h"

#include <algorithm>
#include <iterator>

#include "graft/text/utf8.h"

namespace graft::text {
namespace {

constexpr char kLostByte = '\x1a';
constexpr Charset kEncodings[] = {
#include "graft/text/tables/encodings.inc"
};

// A continuation byte. ftfy finds the last one of its special sequences with a pattern ending in `$`, which Python also
// lets match before a newline that ends the text; so there a newline passes for one.
bool continues(std::string_view bytes, size_t at) {
  const auto byte = static_cast<unsigned char>(bytes[at]);
  return (byte >= 0x80 && byte <= 0xbf) || (byte == '\n' && at + 1 == bytes.size());
}

bool is_java_null(std::string_view bytes, size_t at) {
  if (at + 1 >= bytes.size() || bytes[at] != '\xc0') return false;
  return bytes[at + 1] == '\x80' || (bytes[at + 1] == '\n' && at + 2 == bytes.size());
}

bool is_surrogate_pair(std::string_view bytes, size_t at) {
  if (at + 6 > bytes.size()) return false;
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
  return byte(0) == 0xed && (byte(1) & 0xf0) == 0xa0 && (byte(2) & 0xc0) == 0x80 && byte(3) == 0xed &&
         (byte(4) & 0xf0) == 0xb0 && continues(bytes, at + 5);
}

// 11101101 1010abcd 10efghij 11101101 1011klmn 10opqrst is U+10000 + abcdefghijklmnopqrst.
char32_t join_surrogates(std::string_view six) {
  const auto bits = [&](size_t i, unsigned mask) {
    return static_cast<char32_t>(static_cast<unsigned char>(six[i]) & mask);
  };
  return 0x10000 + ((bits(1, 0x0f) << 16) + (bits(2, 0x3f) << 10) + (bits(4, 0x0f) << 6) + bits(5, 0x3f));
}

}  // namespace

std::optional<std::string> Charset::encode(std::u32string_view text) const {
  std::string bytes;
  bytes.reserve(text.size());
  for (char32_t c : text) {
    if (sloppy() && c == U'\ufffd') {
      bytes += kLostByte;
    } else if (c < 0x80 && !(sloppy() && c == kLostByte)) {
      bytes += static_cast<char>(c);
    } else {
      const auto found = std::find(std::begin(upper), std::end(upper), c);
      if (found == std::end(upper)) return std::nullopt;
      bytes += static_cast<char>(0x80 + (found - std::begin(upper)));
    }
  }
  return bytes;
}

std::span<const Charset> charsets() {
  return kEncodings;
}

char32_t windows_1252(char32_t c1) {
  const auto found = std::find_if(std::begin(kEncodings), std::end(kEncodings),
                                  [](const Charset& encoding) { return encoding.name == "sloppy-windows-1252"; });
  return found->upper[c1 - 0x80];
}

std::optional<std::u32string> decode_strict_utf8(std::string_view bytes) {
  if (valid_utf8_prefix(bytes) != bytes.size()) return std::nullopt;
  return decode_utf8(bytes);
}

std::optional<std::u32string> decode_utf8_variants(std::string_view bytes) {
  std::u32string out;
  size_t begin = 0;  // of the plain UTF-8 not yet decoded
  const auto decode_plain = [&](size_t end) {
    const auto plain = decode_strict_utf8(bytes.substr(begin, end - begin));
    if (plain) out += *plain;
    return plain.has_value();
  };
  for (size_t at = 0; at < bytes.size();) {
    const size_t length = is_java_null(bytes, at) ? 2 : is_surrogate_pair(bytes, at) ? 6 : 0;
    if (length == 0) {
      ++at;
      continue;
    }
    if (!decode_plain(at)) return std::nullopt;
    out += length == 2 ? U'\0' : join_surrogates(bytes.substr(at, 6));
    begin = at += length;
  }
  if (!decode_plain(bytes.size())) return std::nullopt;
  return out;
}

}  // namespace graft::text
