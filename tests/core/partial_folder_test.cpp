// A folder is whole or not there.
#include "graft/core/partial_folder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "graft/core/error.h"
#include "tests/support/temp_folder.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(PartialFolder, TakesItsPlaceOnceItIsCommitted) {
  TempFolder folder;
  {
    PartialFolder partial("test", folder / "out/");
    std::ofstream(partial.path() / "a.txt") << "a";
    EXPECT_FALSE(fs::exists(folder / "out"));
    partial.commit();
  }
  EXPECT_EQ(content_of(folder / "out/a.txt"), "a");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(PartialFolder, IsGoneWithoutACommit) {
  TempFolder folder;
  { PartialFolder partial("test", folder / "out"); }
  EXPECT_EQ(entries(folder.path()), 0u);
}

TEST(PartialFolder, JoinsWhatIsThere) {
  TempFolder folder;
  folder.put("out/mine.txt", "mine");
  folder.put("out/a.txt", "old");
  {
    PartialFolder partial("test", folder / "out");
    std::ofstream(partial.path() / "a.txt") << "new";
    partial.commit();
  }
  EXPECT_EQ(content_of(folder / "out/a.txt"), "new");
  EXPECT_EQ(content_of(folder / "out/mine.txt"), "mine");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(PartialFolder, RemovesWhatKilledProcessesLeft) {
  TempFolder folder;
  fs::create_directories(folder / ".out.partial-999999999");
  fs::create_directories(folder / ".out.partial-mine");
  { PartialFolder partial("test", folder / "out"); }
  EXPECT_FALSE(fs::exists(folder / ".out.partial-999999999"));
  EXPECT_TRUE(fs::exists(folder / ".out.partial-mine"));
}

TEST(PartialFolder, WhereNothingCanBeMadeIsAnError) {
  TempFolder folder;
  folder.put("file", "x");
  EXPECT_THROW(PartialFolder("test", folder / "file/out"), FileError);
}

}  // namespace
}  // namespace graft
