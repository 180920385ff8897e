#include "graft/text/badness.h"

#include <array>
#include <cstdint>
#include <vector>

#include "graft/text/glyphs.h"

namespace graft::text {
namespace {

using namespace glyph;

// One place in a rule: any character of some classes, or one of a few named ones; or, negated, none of the classes.
struct Place {
  uint32_t classes = 0;
  std::u32string_view characters = {};
  bool negated = false;

  bool used() const { return classes != 0 || !characters.empty(); }
  bool admits(char32_t c, uint32_t its_classes) const {
    return ((its_classes & classes) != 0 || characters.find(c) != std::u32string_view::npos) != negated;
  }
};
using Rule = std::array<Place, 7>;  // neighbours from left to right

constexpr Place of(uint32_t classes, std::u32string_view characters = {}) {
  return {classes, characters, false};
}
constexpr Place one(std::u32string_view characters) {
  return {0, characters, false};
}
constexpr Place none_of(uint32_t classes) {
  return {classes, {}, true};
}

constexpr uint32_t kAccented = kLowerAccented | kUpperAccented;
constexpr uint32_t kAsciiLetter = kAsciiUpper | kAsciiLower;
constexpr uint32_t kPunctuation = kOpening | kClosing;
constexpr uint32_t kSigns = kAccented | kBox | kPunctuation | kCurrency | kNumeric | kLaw;
constexpr Place kArabicFirst = one(U"\u00d8\u00d9");
constexpr Place kArabicSecond =
    of(kCommon | kCurrency | kBad | kNumeric | kOpening, U"\u0178\u0160\u00ae\u00b0\u00b5\u00bb");
constexpr Place kCyrillicFirst = one(U"\u0412\u0413\u0420\u0421");
constexpr Place kGreekFirst = one(U"\u0392\u0393\u039e\u039f");

constexpr Rule kRules[] = {
    // Classes that do not stand together.
    {of(kC1)},
    {of(kSigns | kBad), of(kBad)},
    {of(kAsciiLetter), of(kLowerCommon | kUpperCommon), of(kBad)},
    {of(kBad), of(kSigns)},
    {of(kLowerAccented | kLowerCommon | kBox | kClosing | kCurrency | kNumeric), of(kUpperAccented)},
    {of(kBox | kClosing | kCurrency | kNumeric), of(kLowerAccented)},
    {of(kLowerAccented | kBox | kClosing), of(kCurrency)},
    {of(kSpace), of(kUpperAccented), of(kCurrency)},
    {of(kUpperAccented | kBox), of(kNumeric | kLaw)},
    {of(kAccented | kBox | kCurrency | kClosing), of(kOpening), of(kNumeric)},
    {of(kAccented | kCurrency | kNumeric | kBox | kLaw), of(kClosing), of(kOpening)},
    {of(kCurrency | kNumeric | kBox), of(kOpening)},
    {of(kAsciiLower), of(kUpperAccented), of(kOpening | kCurrency)},
    {of(kBox), of(kKaomoji)},
    {of(kAccented | kCurrency | kNumeric | kPunctuation | kLaw), of(kBox)},
    {of(kBox), of(kClosing)},
    {of(kAccented), of(kPunctuation), of(kWord)},
    // The ligature oe where no unaccented letter follows; a degree sign after an accented capital.
    {one(U"\u0152\u0153"), none_of(kAsciiLetter)},
    {of(kUpperAccented), one(U"\u00b0")},
    // Latin-1 and its Windows form, what the classes miss: A circumflex, A tilde, I circumflex and Eth lead.
    {one(U"\u00c2\u00c3\u00ce\u00d0"),
     of(kPunctuation,
        U"\u20ac\u0153\u0160\u0161\u00a2\u00a3\u0178\u017e\u00a0\u00ad\u00ae\u00a9\u00b0\u00b7\u00bb"
        U"\u2013\u2014\u00b4")},
    {one(U"\u00d7"), one(U"\u00b2\u00b3")},
    {one(U"\u00c3"), one(U"\u00a0\u00a1")},
    {of(kAsciiLower), one(U"\u00c3\u00c2"), one(U" ")},
    {of(kAsciiLower), of(kSpace), one(U"\u00c3\u00c2"), one(U" ")},
    {of(kAsciiLower | kClosing, U".,?!"), one(U"\u00c2"), of(kPunctuation, U" ")},
    // Arabic: twice, as its second characters are common ones. South Asian scripts.
    {kArabicFirst, kArabicSecond, kArabicFirst, kArabicSecond},
    {one(U"\u00e0"), one(U"\u00b2\u00b5\u00b9\u00bc\u00bd\u00be")},
    // MacRoman.
    {one(U"\u221a"), one(U"\u00b1\u2202\u2020\u2260\u00ae\u2122\u00b4\u2264\u2265\u00a5\u00b5\u00f8")},
    {one(U"\u2248"), one(U"\u00b0\u00a2")},
    {one(U"\u201a"), one(U"\u00c4"), one(U"\u00ec\u00ee\u00ef\u00f2\u00f4\u00fa\u00f9\u00fb\u2020\u00b0\u00a2\u03c0")},
    {one(U"\u201a"), one(U"\u00e2\u00f3"), one(U"\u00e0\u00e4\u00b0\u00ea")},
    // Windows-1251: punctuation; Latin-1 and Cyrillic, where three characters are asked for as two are common; and
    // Windows-1251 on top of Latin-1 of Windows-1252, five Cyrillic letters beside a Latin one.
    {one(U"\u0432"), one(U"\u0402")},
    {kCyrillicFirst, of(kC1 | kBad | kPunctuation | kCurrency, U"\u00b0\u00b5"), kCyrillicFirst},
    {one(U"\u0413"), one(U"\u045e"), one(U"\u0412"), one(U"\u0402"), one(U"\u0412"), none_of(kLineBreak),
     of(kAsciiLetter, U" ")},
    // Windows-1253, Windows-1257.
    {one(U"\u03b2"), one(U"\u20ac"), one(U"\u2122\u00a0\u0386\u00ad\u00ae\u00b0")},
    {kGreekFirst, of(kC1 | kBad | kPunctuation | kCurrency, U"\u00b0"), kGreekFirst},
    {one(U"\u0101"), one(U"\u20ac")},
};
bool breaks(std::u32string_view text, const std::vector<uint32_t>& classes, const Rule& rule, size_t at) {
  for (const Place& place : rule) {
    if (!place.used()) return true;
    if (at >= text.size() || !place.admits(text[at], classes[at])) return false;
    ++at;
  }
  return true;
}

}  // namespace

bool looks_garbled(std::u32string_view text) {
  std::vector<uint32_t> classes;  // [T]
  classes.reserve(text.size());
  for (char32_t c : text)
    classes.push_back(classes_of(c));
  // A capital A with circumflex or tilde, then a space: at the start of the text, or after a small letter (below).
  if (text.size() >= 2 && (text[0] == U'\u00c3' || text[0] == U'\u00c2') && text[1] == ' ') return true;
  for (size_t at = 0; at < text.size(); ++at) {
    for (const Rule& rule : kRules) {
      if (breaks(text, classes, rule, at)) return true;
    }
  }
  return false;
}

}  // namespace graft::text
