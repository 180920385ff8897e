#include "graft/cli/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "graft/cli/command.h"
#include "graft/core/error.h"

namespace graft::cli {
namespace {

TEST(Help, ASentenceIsWrappedBesideItsOption) {
  std::string sentence;
  for (int i = 0; i < 30; ++i)
    sentence += "word ";
  sentence.pop_back();
  const std::string text =
      format_entries({{"--rank N", sentence}, {"--an-option-with-a-very-long-name TEXT", "below"}});
  EXPECT_THAT(text, testing::StartsWith("  --rank N  word word"));
  EXPECT_THAT(text, testing::HasSubstr("\n            word"));
  EXPECT_THAT(text, testing::HasSubstr("TEXT\n            below\n"));
}

TEST(Help, AnOptionSaysItsTypeAndDefault) {
  EXPECT_EQ(describe("--rank", {"rank", "integer", "8", "rank of the update"}).left, "--rank N");
  EXPECT_EQ(describe("--rank", {"rank", "integer", "8", "rank of the update"}).right, "rank of the update (default 8)");
  EXPECT_EQ(describe("--force", {"force", "yes/no", "false", "write over"}).right, "write over");
  EXPECT_EQ(describe("--cache", {"cache", "yes/no", "true", "keep"}).right,
            "keep (default yes; --no-... turns it off)");
  EXPECT_EQ(describe("--tower", {"tower", "vision|text|both", "vision", "where"}).left, "--tower vision|text|both");
}

TEST(Help, EveryCommandHasASummaryAnExampleAndAName) {
  std::set<std::string> names;
  for (const auto& command : commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    EXPECT_THAT(command.summary, testing::EndsWith(".")) << command.name;
    EXPECT_THAT(command.examples, testing::HasSubstr(std::string("graft ") + command.name));
  }
}

TEST(Help, AMistypedCommandIsTold) {
  try {
    find_command("adpat");
    FAIL() << "it was found";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("no command 'adpat'. Did you mean 'adapt'?"));
  }
}

}  // namespace
}  // namespace graft::cli
