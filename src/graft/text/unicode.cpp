#include "graft/text/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>

#include "graft/core/error.h"
#include "graft/text/utf8.h"

namespace graft::text {
namespace {

struct Range {
  char32_t first, last;
};
constexpr Range kNewerCharacters[] = {
#include "graft/text/tables/newer_characters.inc"
};
constexpr Range kNewerLetters[] = {
#include "graft/text/tables/newer_letters.inc"
};
constexpr Range kNewerNumbers[] = {
#include "graft/text/tables/newer_numbers.inc"
};

template <size_t kCount>
bool contains(const Range (&ranges)[kCount], char32_t c) {
  const auto after = std::upper_bound(std::begin(ranges), std::end(ranges), c,
                                      [](char32_t value, const Range& range) { return value < range.first; });
  return after != std::begin(ranges) && c <= std::prev(after)->last;
}

bool known_to_python(char32_t c) {
  return c < 0x300 || !contains(kNewerCharacters, c);
}

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

utf8proc_category_t python_category(char32_t c) {
  return known_to_python(c) ? category(c) : UTF8PROC_CATEGORY_CN;
}

bool letter_category(utf8proc_category_t value) {
  return value >= UTF8PROC_CATEGORY_LU && value <= UTF8PROC_CATEGORY_LO;
}

bool number_category(utf8proc_category_t value) {
  return value >= UTF8PROC_CATEGORY_ND && value <= UTF8PROC_CATEGORY_NO;
}

// Unicode's Case_Ignorable: what may stand between a letter and the sigma that ends its word. Marks, formats,
// modifiers, and the punctuation found inside words.
bool case_ignorable(char32_t c) {
  switch (python_category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return std::u32string_view(
                 U"'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a")
                 .find(c) != std::u32string_view::npos;
  }
}

// Unicode's Cased without the modifier letters, which are case-ignorable first: letters with a case, ordinal
// indicators, Roman numerals, circled and squared letters.
bool cased(char32_t c) {
  const auto kind = python_category(c);
  return kind == UTF8PROC_CATEGORY_LU || kind == UTF8PROC_CATEGORY_LL || kind == UTF8PROC_CATEGORY_LT || c == 0xaa ||
         c == 0xba || (c >= 0x2160 && c <= 0x217f) || (c >= 0x24b6 && c <= 0x24e9) || (c >= 0x1f130 && c <= 0x1f149) ||
         (c >= 0x1f150 && c <= 0x1f169) || (c >= 0x1f170 && c <= 0x1f189);
}

// A capital sigma ends its word if a cased letter comes before it and none after, looking past the case-ignorable.
bool ends_word(std::u32string_view text, size_t sigma) {
  size_t before = sigma;
  while (before > 0 && case_ignorable(text[before - 1]))
    --before;
  if (before == 0 || !cased(text[before - 1])) return false;
  size_t after = sigma + 1;
  while (after < text.size() && case_ignorable(text[after]))
    ++after;
  return after == text.size() || !cased(text[after]);
}

std::u32string normal_form(std::u32string_view text, int options) {
  const std::string bytes = encode_utf8(text);
  utf8proc_uint8_t* mapped = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(bytes.data()), static_cast<utf8proc_ssize_t>(bytes.size()),
                   &mapped, static_cast<utf8proc_option_t>(options | UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  GRAFT_ASSERT(length >= 0);
  return decode_utf8({reinterpret_cast<const char*>(mapped), static_cast<size_t>(length)});
}

}  // namespace

bool is_space(char32_t c) {
  return (c >= 0x9 && c <= 0xd) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool is_letter(char32_t c) {
  return letter_category(category(c)) || (c >= 0x300 && contains(kNewerLetters, c));
}

bool is_number(char32_t c) {
  return number_category(category(c)) || (c >= 0x300 && contains(kNewerNumbers, c));
}

bool is_decimal(char32_t c) {
  return python_category(c) == UTF8PROC_CATEGORY_ND;
}

bool is_word(char32_t c) {
  const auto kind = python_category(c);
  return letter_category(kind) || number_category(kind) || c == '_';
}

std::u32string lower_case(std::u32string_view text) {
  std::u32string lower;
  lower.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c == U'\u0130') {
      lower += U"i\u0307";  // the one letter whose lower case is two characters
    } else if (c == U'\u03a3') {
      lower += ends_word(text, i) ? U'\u03c2' : U'\u03c3';
    } else {
      lower += known_to_python(c) ? static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))) : c;
    }
  }
  return lower;
}

std::u32string upper_case(std::u32string_view text) {
  struct Spelled {
    char32_t character;
    std::u32string_view letters;
  };
  static constexpr Spelled kSpelled[] = {{U'\u00df', U"SS"}, {U'\u0149', U"\u02bcN"}, {U'\ufb00', U"FF"},
                                         {U'\ufb01', U"FI"}, {U'\ufb02', U"FL"},      {U'\ufb03', U"FFI"},
                                         {U'\ufb04', U"FFL"}};
  std::u32string upper;
  for (const char32_t c : text) {
    const auto found = std::find_if(std::begin(kSpelled), std::end(kSpelled),
                                    [c](const Spelled& spelled) { return spelled.character == c; });
    if (found == std::end(kSpelled)) {
      upper += static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c)));
    } else {
      upper += found->letters;
    }
  }
  return upper;
}

std::u32string collapse_white_space(std::u32string_view text) {
  std::u32string collapsed;
  collapsed.reserve(text.size());
  bool gap = false;
  for (char32_t c : text) {
    if (is_space(c)) {
      gap = true;
      continue;
    }
    if (gap && !collapsed.empty()) collapsed += U' ';
    gap = false;
    collapsed += c;
  }
  return collapsed;
}

std::u32string compose(std::u32string_view text) {
  // Below U+0300 nothing decomposes that does not compose again, and nothing combines.
  if (std::all_of(text.begin(), text.end(), [](char32_t c) { return c < 0x300; })) return std::u32string(text);
  std::u32string composed;
  composed.reserve(text.size());
  // A character that Python does not know is to it a starter that combines with nothing: the text falls apart there.
  for (size_t begin = 0; begin < text.size();) {
    const auto stop = std::find_if_not(text.begin() + begin, text.end(), known_to_python);
    const size_t end = static_cast<size_t>(stop - text.begin());
    composed += normal_form(text.substr(begin, end - begin), 0);
    if (end < text.size()) composed += text[end];
    begin = end + 1;
  }
  return composed;
}

std::u32string compatible(char32_t c) {
  return normal_form(std::u32string_view(&c, 1), UTF8PROC_COMPAT);
}

}  // namespace graft::text
