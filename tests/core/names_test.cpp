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
}

}  // namespace
}  // namespace graft
