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

TEST(Pattern, TakesNoLongerForAnExpressionThatBacktrackingDrownsIn) {
  const std::string text(3000, 'a');
  EXPECT_TRUE(Pattern("(a*)*b", "t").find_all(text).empty());
  EXPECT_TRUE(Pattern("(a|a)+$b", "t").find_all(text).empty());
}

TEST(Pattern, RefusesByNameWhatItDoesNotRead) {
  for (const auto& [expression, word] :
       std::vector<std::pair<std::string, std::string>>{{"(?=a)", "(?=...)"},
                                                        {"(?<!a)b", "(?<...)"},
                                                        {"(a)\\1", "\\1"},
                                                        {"a++", "gives nothing back"},
                                                        {"(a", "a ( without )"},
                                                        {"a)", "unmatched )"},
                                                        {"[a", "a [ without ]"},
                                                        {"*a", "repetition of nothing"},
                                                        {"\\p{L}", "\\p"},
                                                        {"a{2000}", "more than 1,000"},
                                                        {"((a{1000}){1000}){1000}", "20,000 steps"},
                                                        {"\\", "backslash at its end"},
                                                        {"[z-a]", "backwards"}}) {
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
