#include "graft/core/names.h"

#include <gtest/gtest.h>

namespace graft {
namespace {

const std::vector<std::string> kMethods = {"lora", "vpt", "coop", "adapter"};

TEST(Names, ASwappedPairOfLettersFindsItsName) {
  EXPECT_EQ(nearest_name("lroa", kMethods), "lora");
}

TEST(Names, AMissingLetterFindsItsName) {
  EXPECT_EQ(nearest_name("adaptr", kMethods), "adapter");
}

TEST(Names, AWordThatResemblesNothingFindsNothing) {
  EXPECT_EQ(nearest_name("transformer", kMethods), std::nullopt);
}

TEST(Names, TheMessageQuotesTheWordAndListsWhatIsKnownInOrder) {
  EXPECT_EQ(unknown_name("method", "lroa", kMethods),
            "no method 'lroa'. Did you mean 'lora'? Known: adapter, coop, lora, vpt.");
  EXPECT_EQ(unknown_name("method", "xyzzy", kMethods), "no method 'xyzzy'. Known: adapter, coop, lora, vpt.");
  std::vector<std::string> many;
  for (int k = 100; k < 250; ++k)
    many.push_back("c" + std::to_string(k));
  EXPECT_EQ(unknown_name("class", "c12", many).substr(0, 70),
            std::string("no class 'c12'. Did you mean 'c102'? Known: c120, c121, c122, c123, c12").substr(0, 70));
  EXPECT_TRUE(unknown_name("class", "c12", many).ends_with("c129 and 140 more."));
}

}  // namespace
}  // namespace graft
