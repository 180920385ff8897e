#include "graft/text/characters.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "graft/core/error.h"
#include "graft/text/utf8.h"

namespace graft::text::characters {
namespace {

constexpr char32_t kEnd = 0x110000;

struct CharacterRange {
  char32_t first, last;
};
constexpr CharacterRange kControls[] = {
#include "graft/text/tables/control.inc"
};
constexpr CharacterRange kWhiteSpaces[] = {{0x9, 0xd},       {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},
                                           {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f},
                                           {0x205f, 0x205f}, {0x3000, 0x3000}};
constexpr CharacterRange kNonspacings[] = {
#include "graft/text/tables/nonspacing.inc"
};
constexpr CharacterRange kCombinings[] = {
#include "graft/text/tables/combining.inc"
};
constexpr CharacterRange kPunctuations[] = {
#include "graft/text/tables/punctuation.inc"
};
constexpr CharacterRange kLetters[] = {
#include "graft/text/tables/letters.inc"
};
constexpr CharacterRange kNumbers[] = {
#include "graft/text/tables/numbers.inc"
};
constexpr CharacterRange kWords[] = {
#include "graft/text/tables/words.inc"
};
constexpr CharacterRange kNumerics[] = {
#include "graft/text/tables/numeric.inc"
};
constexpr CharacterRange kInerts[] = {
#include "graft/text/tables/inert.inc"
};
// Those that a later utf8proc may come to know.
constexpr CharacterRange kLaterCharacters[] = {
#include "graft/text/tables/newer_characters.inc"
};
struct LowerRun {
  char32_t first, last, step;
  int32_t distance;
};
constexpr LowerRun kLowerRuns[] = {
#include "graft/text/tables/lower.inc"
};

template <size_t kCount>
void mark(std::vector<uint16_t>& table, const CharacterRange (&ranges)[kCount], uint16_t bit) {
  for (const auto& range : ranges) {
    for (char32_t c = range.first; c <= range.last; ++c)
      table[c] |= bit;
  }
}

std::vector<uint16_t> class_table() {
  std::vector<uint16_t> table(kEnd);
  mark(table, kControls, kControl);
  mark(table, kWhiteSpaces, kWhiteSpace);
  mark(table, kNonspacings, kNonspacing);
  mark(table, kCombinings, kCombining);
  mark(table, kPunctuations, kPunctuation);
  mark(table, kLetters, kLetter);
  mark(table, kNumbers, kNumber);
  mark(table, kWords, kWord);
  mark(table, kNumerics, kNumeric);
  mark(table, kInerts, kInert);
  mark(table, kLaterCharacters, kInert);
  for (const auto& run : kLowerRuns) {
    for (char32_t c = run.first; c <= run.last; c += run.step)
      table[c] |= kHasLower;
  }
  table[U'\u0130'] |= kHasLower;
  return table;
}

char32_t lower(char32_t c) {
  const auto after = std::upper_bound(std::begin(kLowerRuns), std::end(kLowerRuns), c,
                                      [](char32_t value, const LowerRun& run) { return value < run.first; });
  return static_cast<char32_t>(static_cast<int32_t>(c) + std::prev(after)->distance);
}

std::u32string mapped(std::u32string_view text, NormalForm form) {
  int options = UTF8PROC_STABLE;
  options |= form == NormalForm::kNfc || form == NormalForm::kNfkc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == NormalForm::kNfkc || form == NormalForm::kNfkd) options |= UTF8PROC_COMPAT;
  const std::string bytes = encode_utf8(text);
  utf8proc_uint8_t* out = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(bytes.data()), static_cast<utf8proc_ssize_t>(bytes.size()),
                   &out, static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(out, &std::free);
  GRAFT_ASSERT(length >= 0);
  return decode_utf8({reinterpret_cast<const char*>(out), static_cast<size_t>(length)});
}

}  // namespace

uint16_t classes(char32_t c) {
  static const std::vector<uint16_t> kTable = class_table();
  return kTable[c];
}

bool is_chinese(char32_t c) {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x20000 && c <= 0x2a6df) ||
         (c >= 0x2a700 && c <= 0x2b73f) || (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b920 && c <= 0x2ceaf) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

std::u32string lower_case(std::u32string_view text) {
  std::u32string small;
  small.reserve(text.size());
  for (const char32_t c : text) {
    if (c < 0x80)
      small += c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    else if (c == U'\u0130')
      small += U"i\u0307";
    else
      small += is(c, kHasLower) ? lower(c) : c;
  }
  return small;
}

// An inert character is a starter that combines with nothing: the text falls apart there.
std::u32string normalized(std::u32string_view text, NormalForm form) {
  const char32_t first_changed = form == NormalForm::kNfc ? 0x300 : form == NormalForm::kNfd ? 0xc0 : 0xa0;
  if (std::all_of(text.begin(), text.end(), [&](char32_t c) { return c < first_changed; })) return std::u32string(text);
  std::u32string whole;
  whole.reserve(text.size());
  for (size_t begin = 0; begin < text.size();) {
    const auto stop = std::find_if(text.begin() + static_cast<std::ptrdiff_t>(begin), text.end(),
                                   [](char32_t c) { return is(c, kInert); });
    const auto end = static_cast<size_t>(stop - text.begin());
    if (end > begin) whole += mapped(text.substr(begin, end - begin), form);
    if (end < text.size()) whole += text[end];
    begin = end + 1;
  }
  return whole;
}

}  // namespace graft::text::characters
