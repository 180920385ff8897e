#include "graft/text/unicode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "graft/text/glyphs.h"
#include "graft/text/html_entities.h"
#include "graft/text/utf8.h"
#include "tests/support/source_dir.h"

namespace graft::text {
namespace {

// Checksums over all scalars, from tests/golden/make/unicode.py.
uint32_t golden(const std::string& property) {
  std::ifstream file(source_dir() / "tests/golden/unicode.json");
  return nlohmann::json::parse(file).at(property).get<uint32_t>();
}

uint32_t checksum(const std::string& bytes) {
  return static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

template <class Visit>
void for_each_scalar(Visit visit) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c < 0xd800 || c > 0xdfff) visit(c);
  }
}

uint32_t checksum_of_flags(bool (*holds)(char32_t)) {
  std::string flags;
  for_each_scalar([&](char32_t c) { flags += holds(c) ? '\1' : '\0'; });
  return checksum(flags);
}

template <class Of>
uint32_t checksum_of_strings(Of of) {
  std::string joined;
  for_each_scalar([&](char32_t c) { joined += encode_utf8(of(c)) + '\n'; });
  joined.pop_back();
  return checksum(joined);
}

TEST(Unicode, PropertiesOfEveryCharacterArePythons) {
  EXPECT_EQ(checksum_of_flags(is_letter), golden("letter"));
  EXPECT_EQ(checksum_of_flags(is_number), golden("number"));
  EXPECT_EQ(checksum_of_flags(is_space), golden("space"));
  EXPECT_EQ(checksum_of_flags(is_decimal), golden("decimal"));
  EXPECT_EQ(checksum_of_flags(is_word), golden("word"));
}

TEST(Unicode, LowerCaseOfEveryCharacterIsPythons) {
  EXPECT_EQ(checksum_of_strings([](char32_t c) { return lower_case({&c, 1}); }), golden("lower"));
}

TEST(Unicode, EveryNeighbourOfASigmaDecidesAsInPython) {
  const auto after = [](char32_t c) { return std::u32string(1, lower_case(std::u32string{'A', c, 0x3a3}).back()); };
  const auto before = [](char32_t c) { return std::u32string(1, lower_case(std::u32string{'A', 0x3a3, c})[1]); };
  const auto between = [](char32_t c) { return std::u32string(1, lower_case(std::u32string{'A', 0x3a3, c, 'A'})[1]); };
  EXPECT_EQ(checksum_of_strings(after), golden("sigma_after"));
  EXPECT_EQ(checksum_of_strings(before), golden("sigma_before"));
  EXPECT_EQ(checksum_of_strings(between), golden("sigma_between"));
}

TEST(Unicode, NormalFormsOfEveryCharacterArePythons) {
  const auto with_marks = [](char32_t c) { return compose(std::u32string{'e', c, 0x301, 0x323}); };
  const auto compatible_width = [](char32_t c) {
    return c >= 0xff01 && c <= 0xffef ? compatible(c) : std::u32string(1, c);
  };
  EXPECT_EQ(checksum_of_strings([](char32_t c) { return compose({&c, 1}); }), golden("composed"));
  EXPECT_EQ(checksum_of_strings(with_marks), golden("composed_with_marks"));
  EXPECT_EQ(checksum_of_strings(compatible_width), golden("compatible"));
}

TEST(Unicode, GlyphClassesAreFtfys) {
  std::string joined;
  for (char32_t c = 0; c < 0x10000; ++c) {
    if (c >= 0xd800 && c <= 0xdfff) continue;
    constexpr uint32_t kTabled = glyph::kAsciiUpper - 1;
    joined += (joined.empty() ? "" : ",") + std::to_string(glyph::classes_of(c) & kTabled);
  }
  EXPECT_EQ(checksum(joined), golden("classes"));
}

TEST(Unicode, EveryEntityResolvesAsInPythonAndFtfy) {
  struct Entity {
    const char* name;
    char32_t first, second;
    bool may_stay_open;
  };
  constexpr Entity kEntities[] = {
#include "graft/text/tables/html_entities.inc"
  };
  std::string joined;
  for (const Entity& entity : kEntities) {
    const std::string name = entity.name;
    std::string capitals = name;
    for (char& c : capitals)
      c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    joined += encode_utf8(unescape_html(decode_utf8("&" + name + ";")) + unescape_html(decode_utf8("&" + name + "x")) +
                          unescape_closed_entities(decode_utf8("&" + name + ";")) +
                          unescape_closed_entities(decode_utf8("&" + capitals + ";")));
  }
  EXPECT_EQ(checksum(joined), golden("entities"));
}

TEST(Unicode, BytesThatAreNotUtf8AreReplacedOneAMaximalPiece) {
  const std::map<std::string, std::string> cases = {
      {"a\xff", "a\ufffd"},                              // never in UTF-8
      {"\xe2\x82z", "\ufffdz"},                          // cut short: one piece
      {"\xed\xa0\x80", "\ufffd\ufffd\ufffd"},            // a surrogate: no piece of it is a beginning
      {"\xc0\xaf", "\ufffd\ufffd"},                      // overlong
      {"\xf0\x9f\x98", "\ufffd"},                        // an emoji cut at the end
      {"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"},  // beyond U+10FFFF
  };
  for (const auto& [bytes, expected] : cases) {
    EXPECT_EQ(encode_utf8(decode_utf8(bytes)), expected);
    EXPECT_LT(valid_utf8_prefix(bytes), bytes.size());
  }
}

TEST(Unicode, WhiteSpaceCollapsesToOneSpaceBetweenWords) {
  EXPECT_EQ(collapse_white_space(U" \t a\u00a0\u2003b\x1c\n"), U"a b");
  EXPECT_EQ(collapse_white_space(U" \r\n"), U"");
}

}  // namespace
}  // namespace graft::text
