#include "graft/core/printable.h"

#include <fmt/format.h>

#include <algorithm>

namespace graft {
namespace {

constexpr std::string_view kHarmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./,:+@%";

unsigned char byte_at(std::string_view text, size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// Bytes of the character that begins at `i`; 0 where none begins: a stray byte, a spelling that is too long, a
// surrogate.
size_t character_at(std::string_view text, size_t i) {
  const unsigned char first = byte_at(text, i);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || i + length > text.size()) return 0;
  for (size_t k = 1; k < length; ++k) {
    if ((byte_at(text, i + k) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte_at(text, i + 1);
  const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return wrong ? 0 : length;
}

// C0, DEL, and C1 as UTF-8 writes it.
bool is_control(std::string_view character) {
  const unsigned char first = byte_at(character, 0);
  return first < 0x20 || first == 0x7f || (first == 0xc2 && byte_at(character, 1) < 0xa0);
}

bool is_plain(std::string_view text, std::string_view kept) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = character_at(text, i);
    if (length == 0) return false;
    if (is_control(text.substr(i, length)) && kept.find(text[i]) == std::string_view::npos) return false;
    i += length;
  }
  return true;
}

std::string escaped(std::string_view text, std::string_view kept) {
  if (is_plain(text, kept)) return std::string(text);
  std::string shown;
  for (size_t i = 0; i < text.size();) {
    const size_t length = character_at(text, i);
    const std::string_view character = text.substr(i, std::max<size_t>(1, length));
    i += character.size();
    if (length > 0 && (!is_control(character) || kept.find(character[0]) != std::string_view::npos)) {
      shown += character;
    } else if (character == "\n" || character == "\t" || character == "\r") {
      shown += character == "\n" ? "\\n" : character == "\t" ? "\\t" : "\\r";
    } else {
      for (const char c : character)
        shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return shown;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = character_at(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

std::string printable(std::string_view text) {
  return escaped(text, "");
}

std::string printable_lines(std::string_view text) {
  return escaped(text, "\n\t");
}

std::string shell_quoted(std::string_view text) {
  if (!text.empty() && text.find_first_not_of(kHarmless) == std::string_view::npos) return std::string(text);
  std::string quoted;
  if (is_plain(text, "")) {
    for (const char c : text)
      quoted += c == '\'' ? "'\\''" : std::string(1, c);
    return "'" + quoted + "'";
  }
  for (const char c : text) {  // bash and zsh; three octal digits, so that a digit may follow
    const auto byte = static_cast<unsigned char>(c);
    quoted += c == '\'' || c == '\\'        ? fmt::format("\\{}", c)
              : byte < 0x20 || byte >= 0x7f ? fmt::format("\\{:03o}", byte)
                                            : std::string(1, c);
  }
  return "$'" + quoted + "'";
}

std::string shell_path(std::string_view path) {
  const bool is_option = path.starts_with('-') || path.substr(0, path.find('/')).find('=') != std::string_view::npos;
  return shell_quoted(is_option ? "./" + std::string(path) : std::string(path));
}

}  // namespace graft
