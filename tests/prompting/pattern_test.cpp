#include "graft/prompting/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "graft/core/error.h"

namespace graft::prompting {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Pattern, PrefersWhatStandsFirstAsBacktrackingDoes) {
  EXPECT_THAT(Pattern("a|ab", "t").find_all("ab"), ElementsAre(ElementsAre("a")));
  EXPECT_THAT(Pattern("(a+)(a*)", "t").find_all("aaa"), ElementsAre(ElementsAre("aaa", "")));
  EXPECT_THAT(Pattern("(a+?)(a*)", "t").find_all("aaa"), ElementsAre(ElementsAre("a", "aa")));
  EXPECT_THAT(Pattern("b*", "t").find_all("abb"), ElementsAre(ElementsAre(""), ElementsAre("bb"), ElementsAre("")));
}

TEST(Pattern, SaysWhereAnExpressionDrownsInItsText) {
  EXPECT_THROW(Pattern("(a|aa)+[bc]", "t").find_all(std::string(3000, 'a')), DataError);
}

TEST(Pattern, ReadsWhatPythonReads) {
  EXPECT_THAT(Pattern("a\\Z", "t").find_all("a\na"), ElementsAre(ElementsAre("a")));
  EXPECT_THAT(Pattern("a$", "t").find_all("a\n"), ElementsAre(ElementsAre("a")));
  EXPECT_THAT(Pattern("(?<!a)b", "t").find_all("abb"), ElementsAre(ElementsAre("b")));
  EXPECT_THAT(Pattern("(?P<x>a)(b)?", "t").find_all("ab a"), ElementsAre(ElementsAre("a", "b"), ElementsAre("a", "")));
  EXPECT_THAT(Pattern("[]a]+", "t").find_all("]a["), ElementsAre(ElementsAre("]a")));
  EXPECT_THAT(Pattern("\\u0661\\s\\d", "t").find_all("\u0661\u001c\u0662"),
              ElementsAre(ElementsAre("\u0661\u001c\u0662")));
  EXPECT_THAT(Pattern("(?i)STRASSE|\u00e9", "t").find_all("strasse \u00c9"),
              ElementsAre(ElementsAre("strasse"), ElementsAre("\u00c9")));
}

TEST(Pattern, RefusesByNameWhatItDoesNotRead) {
  for (const auto& [expression, word] :
       std::vector<std::pair<std::string, std::string>>{{"(?>a)", "(?>"},
                                                        {"a(?i)b", "beginning"},
                                                        {"(?R)", "(?R"},
                                                        {"(a", "missing closing parenthesis"},
                                                        {"a)", "unmatched closing parenthesis"},
                                                        {"[a", "missing terminating ]"},
                                                        {"[[:alpha:]]", "[: in a class"},
                                                        {"*a", "quantifier does not follow"},
                                                        {"\\p{L}", "\\p is not Python's"},
                                                        {"\\K", "\\K is not Python's"},
                                                        {"\\", "backslash at its end"},
                                                        {"[z-a]", "range out of order"}}) {
    try {
      Pattern(expression, "sums.yaml");
      FAIL() << expression;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr("[sums.yaml] the expression '")) << expression;
      EXPECT_THAT(error.what(), HasSubstr(word)) << expression;
    }
  }
  EXPECT_THROW(Pattern(std::string(5000, '('), "t"), ConfigError);
}

}  // namespace
}  // namespace graft::prompting
