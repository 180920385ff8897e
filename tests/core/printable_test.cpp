#include "graft/core/printable.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace graft {
namespace {

TEST(Printable, ControlCharactersAndBytesThatAreNoUtf8AreEscaped) {
  EXPECT_EQ(printable("größe 日本 😀.jpg"), "größe 日本 😀.jpg");
  EXPECT_EQ(printable("a\nb\tc\x1b[31m"), "a\\nb\\tc\\x1b[31m");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\xff\xfe.jpg"), "\\xff\\xfe.jpg");
  EXPECT_EQ(printable("\xc0\xaf \xed\xa0\x80 \xe2\x82"), "\\xc0\\xaf \\xed\\xa0\\x80 \\xe2\\x82");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");  // a terminal's other way to begin a sequence
  EXPECT_EQ(printable_lines("two\n\tlines\r"), "two\n\tlines\\r");
}

TEST(Printable, AShellReadsBackWhatIsQuoted) {
  EXPECT_EQ(shell_quoted("runs/a-1.jpg"), "runs/a-1.jpg");
  for (const std::string text : {"", "a b", "it's", "$HOME `x` \"q\" \\", "new\nline",
                                 "\xff\xfe"
                                 "1",
                                 "ä\t'"}) {
    const std::string command = "bash -c " + shell_quoted("printf %s " + shell_quoted(text));
    std::FILE* const pipe = ::popen(("bash <<'END'\n" + command + "\nEND\n").c_str(), "r");
    std::string back(100, '\0');
    back.resize(std::fread(back.data(), 1, back.size(), pipe));
    ::pclose(pipe);
    EXPECT_EQ(back, text) << command;
  }
}

TEST(Printable, APathThatLooksLikeAnOptionIsTypedAsAPath) {
  EXPECT_EQ(shell_path("runs/a=b"), "runs/a=b");
  EXPECT_EQ(shell_path("threads=2"), "./threads=2");
  EXPECT_EQ(shell_path("-x y"), "'./-x y'");
}

}  // namespace
}  // namespace graft
