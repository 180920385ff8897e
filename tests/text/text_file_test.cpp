#include "graft/text/text_file.h"

#include <gmock/gmock.h>

#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::text {
namespace {

using testing::ElementsAre;

std::string utf16(std::u32string_view text, bool big, bool mark) {
  std::string bytes = mark ? (big ? "\xfe\xff" : "\xff\xfe") : "";
  const auto put = [&](char32_t unit) {
    const char low = static_cast<char>(unit & 0xff), high = static_cast<char>(unit >> 8);
    bytes += big ? high : low;
    bytes += big ? low : high;
  };
  for (const char32_t c : text) {
    if (c < 0x10000) {
      put(c);
    } else {
      put(0xd800 + ((c - 0x10000) >> 10));
      put(0xdc00 + ((c - 0x10000) & 0x3ff));
    }
  }
  return bytes;
}

TEST(TextFile, IsUtf8WhateverWroteIt) {
  EXPECT_EQ(decode_text("\xef\xbb\xbf"
                        "a\r\nb\rc\n",
                        "f"),
            "a\nb\nc\n");
  for (const bool big : {false, true}) {
    for (const bool mark : {false, true})
      EXPECT_EQ(decode_text(utf16(U"caf\u00e9 \U0001f600\r\n", big, mark), "f"), "caf\xc3\xa9 \xf0\x9f\x98\x80\n");
  }
  EXPECT_EQ(decode_text("", "f"), "");
}

TEST(TextFile, RefusesWhatIsNoTextWithItsLine) {
  EXPECT_ERROR(decode_text("a\nb\xe9\n", "f"), DataError, "f:2: expected UTF-8, got the byte 0xe9. Is it Latin-1");
  EXPECT_ERROR(decode_text(std::string("some words\n\n\0", 13), "f"), DataError, "f:3: holds a zero byte");
  EXPECT_ERROR(decode_text("\xff\xfe\x41", "f"), DataError, "f:1: is UTF-16 and ends within a character");
  EXPECT_ERROR(decode_text(utf16(U"ab", false, true) + std::string("\x00\xd8", 2), "f"), DataError,
               "half of a character");
  EXPECT_ERROR(decode_text("\x1f\x8b\x08", "f"), DataError, "f: is compressed");
  EXPECT_ERROR(decode_text("version https://git-lfs.github.com/spec/v1\n", "f"), DataError, "Git LFS");
}

TEST(TextFile, SaysWhyItCannotBeRead) {
  const TempFolder folder;
  EXPECT_ERROR(read_text_file(folder.path()), FileError, "cannot be read: it is a folder");
  EXPECT_ERROR(read_text_file(folder.path() / "none"), FileError, "cannot be read: No such file");
  EXPECT_EQ(read_text_file(folder.put("empty", "")), "");
}

TEST(TextFile, LinesAreTrimmedOfAnyWhiteSpace) {
  EXPECT_THAT(trimmed_lines("a \n\n \t\n\xc2\xa0"
                            "b c\xe3\x80\x80\n\xe2\x80\x8b\n d"),
              ElementsAre("a", "b c", "d"));
  EXPECT_EQ(trimmed(" \xff "), "\xff");
}

TEST(TextFile, NamesAreInNormalFormC) {
  EXPECT_EQ(normal_name(" cafe\xcc\x81 "), "caf\xc3\xa9");
  EXPECT_EQ(normal_name("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"), "\xed\x95\x9c");
}

}  // namespace
}  // namespace graft::text
