#include "graft/text/html_entities.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "graft/text/unicode.h"

namespace graft::text {
namespace {

struct Entity {
  std::string_view name;
  char32_t first, second;  // second is 0 for one character
  bool may_stay_open;      // known without its semicolon too

  std::u32string characters() const { return second != 0 ? std::u32string{first, second} : std::u32string{first}; }
};
constexpr Entity kEntities[] = {
#include "graft/text/tables/html_entities.inc"
};
constexpr size_t kLongestReference = 32;  // characters after the ampersand that Python looks at

const Entity* find_entity(std::string_view name) {
  const auto found = std::lower_bound(std::begin(kEntities), std::end(kEntities), name,
                                      [](const Entity& entity, std::string_view key) { return entity.name < key; });
  return found != std::end(kEntities) && found->name == name ? found : nullptr;
}

// The longest old name that `name` begins with; none has fewer than two characters.
const Entity* find_open_prefix(std::string_view name) {
  for (size_t length = name.size(); length >= 2; --length) {
    const Entity* entity = find_entity(name.substr(0, length));
    if (entity != nullptr && entity->may_stay_open) return entity;
  }
  return nullptr;
}

bool is_digit(char32_t c) {
  return c >= '0' && c <= '9';
}
bool is_hex_digit(char32_t c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_ascii_alphanumeric(char32_t c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

template <class Predicate>
size_t span_length(std::u32string_view text, size_t at, size_t most, Predicate holds) {
  const size_t begin = at;
  while (at < text.size() && at - begin < most && holds(text[at]))
    ++at;
  return at - begin;
}

// What HTML 5 makes of a numeric reference ("numeric character reference end state").
std::u32string from_number(uint32_t number) {
  static constexpr char32_t kWindows1252[32] = {0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021,
                                                0x2c6,  0x2030, 0x160,  0x2039, 0x152,  0x8d,   0x17d,  0x8f,
                                                0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                                0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};
  if (number >= 0x80 && number <= 0x9f) return {kWindows1252[number - 0x80]};
  if (number == 0 || number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff)) return U"\ufffd";
  const bool control = (number < 0x20 && !(number >= 0x9 && number <= 0xd && number != 0xb)) || number == 0x7f;
  const bool forbidden = (number >= 0xfdd0 && number <= 0xfdef) || (number & 0xfffe) == 0xfffe;
  if (control || forbidden) return {};
  return {static_cast<char32_t>(number)};
}

struct Reference {
  size_t length = 0;  // characters read from the ampersand on; 0: this is no reference
  std::u32string characters;
};

Reference read_number(std::u32string_view text, size_t ampersand) {
  const bool hexadecimal = ampersand + 2 < text.size() && (text[ampersand + 2] == 'x' || text[ampersand + 2] == 'X');
  const size_t begin = ampersand + (hexadecimal ? 3 : 2);
  const size_t digits = span_length(text, begin, text.size(), hexadecimal ? is_hex_digit : is_digit);
  if (digits == 0) return {};
  uint32_t number = 0;
  for (char32_t c : text.substr(begin, digits)) {
    const uint32_t digit = is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
    number = std::min<uint32_t>(number * (hexadecimal ? 16 : 10) + digit, 0x110000);
  }
  const size_t end = begin + digits;
  const bool closed = end < text.size() && text[end] == ';';
  return {end + (closed ? 1 : 0) - ampersand, from_number(number)};
}

Reference read_name(std::u32string_view text, size_t ampersand) {
  const size_t begin = ampersand + 1;
  const size_t length = span_length(text, begin, kLongestReference, is_ascii_alphanumeric);
  const std::u32string_view name32 = text.substr(begin, length);
  const std::string name(name32.begin(), name32.end());
  const bool closed = begin + length < text.size() && text[begin + length] == ';';
  const Entity* entity = find_entity(name);
  if (entity != nullptr && closed) return {length + 2, entity->characters()};
  entity = find_open_prefix(name);
  if (entity == nullptr) return {};
  return {entity->name.size() + 1, entity->characters()};
}

Reference read_reference(std::u32string_view text, size_t ampersand) {
  const bool number = ampersand + 1 < text.size() && text[ampersand + 1] == '#';
  return number ? read_number(text, ampersand) : read_name(text, ampersand);
}

// `&EACUTE;` for `&eacute;`, unless HTML itself reads the capitals in some way.
Reference read_capitals(std::string_view name) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  if (std::any_of(name.begin(), name.end(), is_lower) || find_open_prefix(name) != nullptr) return {};
  std::string lower(name);
  for (char& c : lower)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  const Entity* entity = find_entity(lower);
  return entity == nullptr ? Reference{} : Reference{name.size() + 2, upper_case(entity->characters())};
}

Reference read_closed(std::u32string_view text, size_t ampersand) {
  constexpr size_t kLongest = 24;  // digits and letters, ftfy's bound
  const bool number = ampersand + 1 < text.size() && text[ampersand + 1] == '#';
  const size_t begin = ampersand + (number ? 2 : 1);
  const size_t length = span_length(text, begin, kLongest, is_ascii_alphanumeric);
  const size_t end = begin + length;
  if (length == 0 || end >= text.size() || text[end] != ';') return {};
  if (number) {
    Reference reference = read_number(text, ampersand);
    // The semicolon must be consumed: neither left over after `&#12ab;` nor what the number stands for.
    const bool whole = reference.length == end + 1 - ampersand && reference.characters != U";";
    return whole ? reference : Reference{};
  }
  const std::u32string_view name32 = text.substr(begin, length);
  const std::string name(name32.begin(), name32.end());
  if (const Entity* entity = find_entity(name)) return {length + 2, entity->characters()};
  return read_capitals(name);
}

template <class Reader>
std::u32string replace_references(std::u32string_view text, Reader read) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Reference reference = text[at] == '&' ? read(text, at) : Reference{};
    if (reference.length == 0) {
      out += text[at++];
    } else {
      out += reference.characters;
      at += reference.length;
    }
  }
  return out;
}

}  // namespace

std::u32string unescape_html(std::u32string_view text) {
  return replace_references(text, read_reference);
}

std::u32string unescape_closed_entities(std::u32string_view text) {
  return replace_references(text, read_closed);
}

}  // namespace graft::text
