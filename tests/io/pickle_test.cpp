#include "graft/io/pickle.h"

#include <limits>

#include "tests/io/expect_error.h"

namespace graft::io {
namespace {

using Kind = PickleNode::Kind;
using namespace std::string_view_literals;

Pickle parse(std::string_view bytes) {
  return parse_pickle(std::as_bytes(std::span(bytes)), "f", [](std::string_view global) { return global == "a.B"; });
}

TEST(Pickle, ReadsPlainValues) {
  const auto pickle = parse("\x80\x02(N\x88\x89K\x07J\xff\xff\xff\xffG?\xf8\0\0\0\0\0\0X\x02\0\0\0hit."sv);
  const auto& items = pickle.root->items;
  ASSERT_EQ(items.size(), 7u);
  EXPECT_TRUE(items[0]->is(Kind::none));
  EXPECT_EQ(items[1]->integer, 1);
  EXPECT_EQ(items[2]->integer, 0);
  EXPECT_EQ(items[3]->integer, 7);
  EXPECT_EQ(items[4]->integer, -1);
  EXPECT_EQ(items[5]->real, 1.5);
  EXPECT_EQ(items[6]->text, "hi");
}

TEST(Pickle, ReadsLongsOfAnyLength) {
  EXPECT_EQ(parse("\x8a\0."sv).root->integer, 0);
  EXPECT_EQ(parse("\x8a\x01\xff."sv).root->integer, -1);
  EXPECT_EQ(parse("\x8a\x02\x00\x80."sv).root->integer, -32768);
  EXPECT_EQ(parse("\x8a\x08\0\0\0\0\0\0\0\x80."sv).root->integer, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse("\x8a\x09\0\0\0\0\0\0\0\0\x01."sv).root->text.size(), 9u);
}

TEST(Pickle, BuildsContainersAndSharesThroughTheMemo) {
  const auto pickle = parse(
      "}q\0(U\x01xK\x01U\x01y]q\x01K\x05"
      "aU\x01zh\x01u."sv);
  const auto& items = pickle.root->items;
  ASSERT_EQ(items.size(), 6u);
  EXPECT_EQ(items[2]->text, "y");
  EXPECT_EQ(items[3]->items.at(0)->integer, 5);
  EXPECT_EQ(items[3], items[5]);
}

TEST(Pickle, NotesACallWithoutMakingIt) {
  const auto pickle = parse("ca\nB\nK\x01\x85R(U\x01kK\x02u}b."sv);
  EXPECT_TRUE(pickle.root->calls("a.B"));
  EXPECT_EQ(pickle.root->arguments->items.at(0)->integer, 1);
  EXPECT_EQ(pickle.root->items.at(1)->integer, 2);
  EXPECT_TRUE(pickle.root->state->is(Kind::dict));
}

TEST(Pickle, TellsWhereItEnds) {
  EXPECT_EQ(parse("K\x01.rest"sv).bytes, 3u);
}

TEST(Pickle, RefusesAGlobalThatIsNotAllowedHoweverItIsWritten) {
  EXPECT_ERROR(parse("cos\nsystem\n."sv), FileError, "f wants to call os.system: refused");
  EXPECT_ERROR(parse("\x8c\x02os\x8c\x06system\x93."sv), FileError, "f wants to call os.system: refused");
}

TEST(Pickle, RefusesOpcodesThatStandForNoData) {
  EXPECT_ERROR(parse("\x82\x01."sv), FileError, "opcode 0x82 at byte 0 stands for no plain data");
  EXPECT_ERROR(parse("(cos\nsystem\no."sv), FileError, "wants to call os.system");
}

TEST(Pickle, RefusesNonsense) {
  for (const auto bytes : {""sv, "."sv, "K"sv, "u."sv, "(u."sv, "]u."sv, "}(K\1u."sv, "h\0."sv, "t."sv, "\x85."sv,
                           "K\1K\2R."sv, "]K\1b."sv, "X\xff\xff\xff\xff."sv, "\x8d\xff\xff\xff\xff\xff\xff\xff\xff."sv,
                           "ca\nB"sv, "N(a."sv, "Q."sv, "N(Na."sv}) {
    EXPECT_ERROR(parse(bytes), FileError, "the pickle is damaged or cut short") << testing::PrintToString(bytes);
  }
}

}  // namespace
}  // namespace graft::io
