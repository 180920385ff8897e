#include "graft/text/word_splitter.h"

#include "graft/text/unicode.h"

namespace graft::text {
namespace {

enum class Kind { kLetter, kNumber, kSpace, kOther, kNone };

Kind kind_of(char32_t c) {
  // Without regard to case, the combining iota subscript is the letter iota, and so in none of the pattern's classes:
  // matching passes over it.
  if (c == U'\u0345') return Kind::kNone;
  if (is_letter(c)) return Kind::kLetter;
  if (is_number(c)) return Kind::kNumber;
  return is_space(c) ? Kind::kSpace : Kind::kOther;
}

// Does `pattern`, in small letters, begin at `at`? The long s is an s in another case.
bool matches(std::u32string_view text, size_t at, std::u32string_view pattern) {
  if (text.size() - at < pattern.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char32_t c = text[at + i];
    const char32_t folded = c == U'\u017f' ? U's' : c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    if (folded != pattern[i]) return false;
  }
  return true;
}

size_t fixed_word(std::u32string_view text, size_t at, bool markers) {
  if ((text[at] != '<' || !markers) && text[at] != '\'') return 0;
  for (const std::u32string_view pattern :
       {kStartMarker, kEndMarker, std::u32string_view(U"'s"), std::u32string_view(U"'t"), std::u32string_view(U"'re"),
        std::u32string_view(U"'ve"), std::u32string_view(U"'m"), std::u32string_view(U"'ll"),
        std::u32string_view(U"'d")}) {
    if (matches(text, at, pattern)) return pattern.size();
  }
  return 0;
}

}  // namespace

Word next_word(std::u32string_view text, size_t from, bool markers) {
  for (size_t at = from; at < text.size(); ++at) {
    if (const size_t length = fixed_word(text, at, markers)) return {at, length};
    const Kind kind = kind_of(text[at]);
    if (kind == Kind::kSpace || kind == Kind::kNone) continue;
    size_t end = at + 1;
    if (kind != Kind::kNumber) {
      while (end < text.size() && kind_of(text[end]) == kind)
        ++end;
    }
    return {at, end - at};
  }
  return {text.size(), 0};
}

}  // namespace graft::text
