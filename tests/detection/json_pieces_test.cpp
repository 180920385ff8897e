#include "graft/detection/json_pieces.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "graft/core/error.h"
#include "tests/support/temp_folder.h"

namespace graft::detection {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class Pieces : public ::testing::Test {
 protected:
  std::vector<std::string> read(const std::string& text) {
    JsonPieces pieces(folder_.put("file.json", text));
    std::vector<std::string> all;
    while (pieces.next())
      all.push_back(pieces.place() + "=" + std::string(pieces.text()));
    return all;
  }
  std::string error_of(const std::string& text) {
    try {
      read(text);
    } catch (const FileError& error) {
      return error.what();
    }
    return "no error";
  }
  TempFolder folder_;
};

TEST_F(Pieces, AreTheElementsOfListsAndTheOtherMembers) {
  EXPECT_THAT(read(R"( {"info": {"year": [1, {}]}, "images" : [ {"id":1} , {"id":"]\"}"}], "n":3,"none":[]} )"),
              ElementsAre(R"(info={"year": [1, {}]})", R"(images[0]={"id":1})", R"(images[1]={"id":"]\"}"})", "n=3"));
  EXPECT_THAT(read("[1, \"two\\\\\", {\"three\": []}]"),
              ElementsAre("[0]=1", "[1]=\"two\\\\\"", "[2]={\"three\": []}"));
  EXPECT_THAT(read("\xEF\xBB\xBF{}"), ElementsAre());
  EXPECT_THAT(read("[]"), ElementsAre());
}

TEST_F(Pieces, LargerThanTheWindowComeWhole) {
  std::string text = "[";
  for (int k = 0; k < 40; ++k)
    text += std::string(k > 0 ? "," : "") + "\"" + std::string(100'000 + static_cast<std::size_t>(k), 'x') + "\"";
  text += ",{\"long\":\"" + std::string(5'000'000, 'y') + "\"}]";
  const auto all = read(text);
  ASSERT_EQ(all.size(), 41u);
  EXPECT_EQ(all[39].size(), std::string("[39]=").size() + 2 + 100'039);
  EXPECT_EQ(all[40].size(), std::string("[40]={\"long\":\"\"}").size() + 5'000'000);
}

TEST_F(Pieces, ComeOutOfGzipAsTheyLie) {
  const auto path = folder_ / "file.json.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  gzputs(file, "{\"images\":[{\"id\":7}]}");
  gzclose(file);
  JsonPieces pieces(path);
  ASSERT_TRUE(pieces.next());
  EXPECT_EQ(pieces.text(), "{\"id\":7}");
  EXPECT_FALSE(pieces.next());
}

TEST_F(Pieces, ABrokenFrameIsToldWithItsPlace) {
  EXPECT_THAT(error_of(R"({"images": [{"id": 1}, {"id": )"), HasSubstr("images[1]: ends too soon"));
  EXPECT_THAT(error_of(R"({"images": [{"id": 1})"), HasSubstr("images[0]: ends too soon"));
  EXPECT_THAT(error_of(R"({"images": [1], "images": [2]})"), HasSubstr("the key is there twice"));
  EXPECT_THAT(error_of("{} {}"), HasSubstr("goes on behind its end"));
  EXPECT_THAT(error_of("[1 2]"), HasSubstr("expected a comma or ]"));
  EXPECT_THAT(error_of("{1: 2}"), HasSubstr("expected a key in quotes"));
  EXPECT_THAT(error_of("[1,]"), HasSubstr("expected a value"));
  EXPECT_THAT(error_of("<xml/>"), HasSubstr("is no JSON"));
  EXPECT_THAT(error_of(""), HasSubstr("is empty"));
}

TEST(Members, AreSplitAsTheyStand) {
  EXPECT_THAT(members_of(R"({"a": [1, "]"], "b\"":{"c":2} ,"d":-1.5e3})"),
              ElementsAre(Pair("\"a\"", "[1, \"]\"]"), Pair("\"b\\\"\"", "{\"c\":2}"), Pair("\"d\"", "-1.5e3")));
}

}  // namespace
}  // namespace graft::detection
