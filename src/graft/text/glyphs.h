// What a character may be in mojibake, text whose bytes were read in the wrong encoding. About 450 characters take
// part, in the classes that ftfy (Speer, 2019; version 6.3.1) found to tell mojibake from honest text; a class is a
// bit.
#pragma once

#include <cstdint>

namespace graft::text::glyph {

enum Class : uint32_t {
  kCommon = 1u << 0,  // dashes, ellipsis, no-break space: found in any text
  kC1 = 1u << 1,      // control characters 80 to 9f
  kBad = 1u << 2,     // hardly found outside mojibake
  kLaw = 1u << 3,     // section and paragraph signs
  kCurrency = 1u << 4,
  kOpening = 1u << 5,  // punctuation that begins something
  kClosing = 1u << 6,  // punctuation that ends something
  kNumeric = 1u << 7,
  kKaomoji = 1u << 8,  // accented letters that serve as faces
  kUpperAccented = 1u << 9,
  kLowerAccented = 1u << 10,
  kUpperCommon = 1u << 11,  // Greek and Cyrillic capitals
  kLowerCommon = 1u << 12,
  kBox = 1u << 13,
  kFirstOfTwo = 1u << 14,  // stands for a byte that leads a UTF-8 sequence of two in some encoding
  kFirstOfThree = 1u << 15,
  kFirstOfFour = 1u << 16,
  kContinuation = 1u << 17,        // stands for a byte that continues a sequence, or is a space that was one
  kStrictContinuation = 1u << 18,  // the same without spaces, dashes and quotes
  // Bits 0 to 18 are those of tables/glyph_classes.inc; the rest is computed.
  kAsciiUpper = 1u << 19,
  kAsciiLower = 1u << 20,
  kSpace = 1u << 21,  // any white space
  kWord = 1u << 22,   // letter, number or underscore
  kLineBreak = 1u << 23,
};

uint32_t classes_of(char32_t c);

}  // namespace graft::text::glyph
