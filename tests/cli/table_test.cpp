#include "graft/cli/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft::cli {
namespace {

TEST(TextTable, ColumnsAreAsWideAsTheirWidestCellCountedInLetters) {
  TextTable table({Align::left, Align::right, Align::left});
  table.row({"é", "7", "end"});
  table.row({"long name", "1024", ""});
  EXPECT_THAT(table.lines(), testing::ElementsAre("é             7  end", "long name  1024"));
}

}  // namespace
}  // namespace graft::cli
