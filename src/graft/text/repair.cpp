#include "graft/text/repair.h"

#include <algorithm>
#include <iterator>

#include "graft/text/html_entities.h"
#include "graft/text/mojibake.h"
#include "graft/text/unicode.h"

namespace graft::text {
namespace {

constexpr size_t kLongestSegment = 1'000'000;  // characters; a longer line is repaired in pieces

// Latin ligatures and digraphs that come from typesetting and old character sets, not from spelling.
struct Ligature {
  char32_t character;
  std::u32string_view letters;
};
constexpr Ligature kLigatures[] = {
    {U'\u0132', U"IJ"},      {U'\u0133', U"ij"},      {U'\u0149', U"\u02bcn"}, {U'\u01c4', U"D\u017d"},
    {U'\u01c5', U"D\u017e"}, {U'\u01c6', U"d\u017e"}, {U'\u01c7', U"LJ"},      {U'\u01c8', U"Lj"},
    {U'\u01c9', U"lj"},      {U'\u01ca', U"NJ"},      {U'\u01cb', U"Nj"},      {U'\u01cc', U"nj"},
    {U'\u01f1', U"DZ"},      {U'\u01f2', U"Dz"},      {U'\u01f3', U"dz"},      {U'\ufb00', U"ff"},
    {U'\ufb01', U"fi"},      {U'\ufb02', U"fl"},      {U'\ufb03', U"ffi"},     {U'\ufb04', U"ffl"},
    {U'\ufb05', U"\u017ft"}, {U'\ufb06', U"st"},
};

std::u32string fix_ligatures(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (const char32_t c : text) {
    const auto found = std::find_if(std::begin(kLigatures), std::end(kLigatures),
                                    [c](const Ligature& ligature) { return ligature.character == c; });
    if (found == std::end(kLigatures)) {
      out += c;
    } else {
      out += found->letters;
    }
  }
  return out;
}

// The ideographic space, and the block of half-width and full-width forms U+FF01 to U+FFEF.
std::u32string fix_width(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (char32_t c : text) {
    if (c == U'\u3000')
      out += U' ';
    else if (c >= U'\uff01' && c <= U'\uffef')
      out += compatible(c);
    else
      out += c;
  }
  return out;
}

void straighten_quotes(std::u32string& text) {
  for (char32_t& c : text) {
    if (c == U'\u02bc' || (c >= U'\u2018' && c <= U'\u201b')) c = U'\'';
    if (c >= U'\u201c' && c <= U'\u201f') c = U'"';
  }
}

std::u32string fix_line_breaks(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out += c == '\r' || c == U'\u2028' || c == U'\u2029' || c == 0x85 ? U'\n' : c;
  }
  return out;
}

// The length of a terminal's escape sequence at `at`, such as ESC [ 3 1 ; 1 m: 0 if none.
size_t terminal_escape(std::u32string_view text, size_t at) {
  if (!text.substr(at).starts_with(U"\x1b[")) return 0;
  size_t end = at + 2;
  while (end < text.size() && (text[end] == ';' || is_decimal(text[end])))
    ++end;
  if (end == text.size()) return 0;
  const char32_t letter = text[end];
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ? end + 1 - at : 0;
}

std::u32string remove_terminal_escapes(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t length = terminal_escape(text, at);
    if (length == 0) out += text[at++];
    at += length;
  }
  return out;
}

// Controls without effect: of ASCII all but white space, deprecated Arabic ones, byte order mark, annotation marks.
bool is_idle_control(char32_t c) {
  return c < 0x09 || c == 0x0b || (c >= 0x0e && c < 0x20) || c == 0x7f || (c >= 0x206a && c <= 0x206f) || c == 0xfeff ||
         (c >= 0xfff9 && c <= 0xfffc);
}

std::u32string repair_once(std::u32string_view text, bool unescape) {
  std::u32string fixed = unescape ? unescape_closed_entities(text) : std::u32string(text);
  fixed = fix_encoding(fixed);
  fixed = fix_c1_controls(fixed);
  fixed = fix_ligatures(fixed);
  fixed = fix_width(fixed);
  straighten_quotes(fixed);
  fixed = fix_line_breaks(fixed);
  fixed = remove_terminal_escapes(fixed);
  std::erase_if(fixed, is_idle_control);
  return compose(fixed);
}

// Printable ASCII without an ampersand is as it should be: most prompts.
bool needs_no_repair(std::u32string_view text) {
  return std::all_of(text.begin(), text.end(), [](char32_t c) { return c >= ' ' && c < 0x7f && c != '&'; });
}

std::u32string repair_segment(std::u32string_view segment, bool unescape) {
  std::u32string current(segment);
  while (!needs_no_repair(current)) {
    std::u32string next = repair_once(current, unescape);
    if (next == current) break;
    current = std::move(next);
  }
  return current;
}

}  // namespace

std::u32string repair(std::u32string_view text) {
  std::u32string out;
  bool unescape = true;
  for (size_t begin = 0; begin < text.size();) {
    const size_t line_break = text.find(U'\n', begin);
    const size_t line_end = line_break == std::u32string_view::npos ? text.size() : line_break + 1;
    const std::u32string_view segment = text.substr(begin, std::min(line_end - begin, kLongestSegment));
    // A literal `<` says that this is HTML, whose entities should stay; for this line and, in ftfy, all that follow.
    unescape = unescape && segment.find(U'<') == std::u32string_view::npos;
    out += repair_segment(segment, unescape);
    begin += segment.size();
  }
  return out;
}

}  // namespace graft::text
