#include "graft/text/repair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graft/text/badness.h"
#include "graft/text/encodings.h"
#include "graft/text/lost_bytes.h"
#include "graft/text/utf8.h"

namespace graft::text {
namespace {

std::string repaired(std::string_view text) {
  return encode_utf8(repair(decode_utf8(text)));
}

// `text` as a program shows it that reads its UTF-8 in a single-byte encoding.
std::u32string misread(std::u32string_view text, std::string_view encoding_name) {
  std::u32string out;
  for (const Charset& encoding : charsets()) {
    if (encoding.name != encoding_name) continue;
    for (const char c : encode_utf8(text)) {
      const auto byte = static_cast<unsigned char>(c);
      out += byte < 0x80 ? char32_t{byte} : encoding.upper[byte - 0x80];
    }
  }
  return out;
}

TEST(Repair, LeavesHonestTextAlone) {
  for (const char* text : {"a photo of a dog.", "crème brûlée", "Ørsted & søn", "Съешь же ещё", "中文 字", "¿Qué? ¡Sí!",
                           "10 £ ± 2", "\u0e01\u0e33", "¯\\_(ツ)_/¯"}) {
    EXPECT_EQ(repaired(text), text);
  }
}

TEST(Repair, UndoesEachEncodingAndSeveralInARow) {
  const std::u32string_view text = U"voil\u00e0, \u201cd\u00e9j\u00e0 vu\u201d \u2014 \U0001f600";
  const std::u32string honest = U"voil\u00e0, \"d\u00e9j\u00e0 vu\" \u2014 \U0001f600";
  EXPECT_EQ(charsets().size(), 10u);
  for (const std::string_view name : {"latin-1", "sloppy-windows-1252", "sloppy-windows-1251", "sloppy-windows-1250",
                                      "sloppy-windows-1254", "macroman", "cp437"}) {
    EXPECT_EQ(repair(misread(text, name)), honest) << name;
  }
  const std::u32string twice = misread(misread(text, "sloppy-windows-1252"), "sloppy-windows-1252");
  EXPECT_EQ(repair(misread(twice, "latin-1")), honest);
}

TEST(Repair, FixesPartsWhereNoEncodingExplainsTheWhole) {
  EXPECT_EQ(repaired("中文 â€œquotedâ€\u009d and cafÃ© ღ"), "中文 \"quoted\" and café ღ");
}

TEST(Repair, RestoresBytesThatWereLost) {
  EXPECT_EQ(repaired("voilÃ  le travail"), "voilà le travail");
  EXPECT_EQ(repaired("â€œlostâ€\ufffd"), "\"lost\ufffd");
  EXPECT_EQ(restore_byte_a0("\xc3 la, \xc3 s "), "\xc3\xa0 la, \xc3\xa0s ");
  EXPECT_EQ(replace_lossy_sequences("a\xe2\x80\x1a"), "a\ufffd");
}

TEST(Repair, JoinsSurrogatesThatWereEncodedOneByOne) {
  EXPECT_EQ(decode_utf8_variants("\xed\xa0\xbd\xed\xb8\x80\xc0\x80"), (std::u32string{0x1f600, 0}));
  EXPECT_EQ(decode_utf8_variants("\xed\xa0\xbd"), std::nullopt);
  EXPECT_EQ(decode_utf8_variants("\xed\x95\x9c"), U"\ud55c");  // an honest Hangul syllable begins with ed too
}

TEST(Repair, KeepsEntitiesFromTheFirstLineThatHasAnAngleBracket) {
  EXPECT_EQ(repaired("&amp;&EACUTE;\n<b>&amp;\n&amp;"), "&É\n<b>&amp;\n&amp;");
}

TEST(Repair, StraightensWhatTypesettingAndTerminalsLeave) {
  EXPECT_EQ(repaired("‘ﬁne’ “ﬂour”"), "'fine' \"flour\"");
  EXPECT_EQ(repaired("ＬＯＵＤ　ﾊﾝｶｸ"), "LOUD ハンカク");
  EXPECT_EQ(repaired("\x1b[31;1mred\x1b[0m\x07"), "red");
  EXPECT_EQ(repaired("a\r\nb\rc\u2028d"), "a\nb\nc\nd");
  EXPECT_EQ(repaired("e\u0301"), "é");
}

TEST(Repair, TellsGarbledNeighboursFromHonestOnes) {
  EXPECT_TRUE(looks_garbled(U"\u00e2\u20ac\u2122"));
  EXPECT_TRUE(looks_garbled(U"\u00c3 la mode"));
  EXPECT_TRUE(looks_garbled(U"\u0085"));
  EXPECT_FALSE(looks_garbled(U"\u00e2 \u20ac"));
  EXPECT_FALSE(looks_garbled(U"\u00ab\u00e0 la carte\u00bb, 10\u20ac"));
}

}  // namespace
}  // namespace graft::text
