#include <gmock/gmock.h>

#include "graft/data/dataset.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;

constexpr const char* kSplit = R"({"train": [["b/2.jpg", 1, "bee"], ["a/1.jpg", 0, "ant"]],
                                   "val": [["a/3.jpg", 0, "ant"]], "test": [["b/4.jpg", 1, "bee"]]})";

TEST(CoopSplit, KeepsOrderLabelsAndNames) {
  const TempFolder folder;
  folder.put("split_zhou_Insects.json", kSplit);
  folder.put("images/b/2.jpg", "");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_EQ(dataset.name, "Insects");
  EXPECT_EQ(dataset.root, folder.path() / "images");
  EXPECT_THAT(dataset.classes, ElementsAre("ant", "bee"));
  EXPECT_THAT(dataset.train, ElementsAre(Sample{"b/2.jpg", 1}, Sample{"a/1.jpg", 0}));
  EXPECT_THAT(dataset.val, ElementsAre(Sample{"a/3.jpg", 0}));
  EXPECT_THAT(dataset.test, ElementsAre(Sample{"b/4.jpg", 1}));
}

TEST(CoopSplit, PhotosMayLieBesideTheFile) {
  const TempFolder folder;
  const auto file = folder.put("split_zhou_Insects.json", kSplit);
  folder.put("b/2.jpg", "");
  EXPECT_EQ(open_dataset(file).root, folder.path());
}

TEST(CoopSplit, SaysWhatIsWrongAndWhere) {
  const TempFolder folder;
  const auto open = [&](const char* text) { open_dataset(folder.put("split_x.json", text)); };
  EXPECT_ERROR(open("{"), DataError, "not a JSON object");
  EXPECT_ERROR(open(R"({"train": [["a.jpg", 0]]})"), DataError,
               "'train' 0: expected [\"file\", label, \"class name\"]");
  EXPECT_ERROR(open(R"({"train": [["a.jpg", 0, "a"], ["b.jpg", 0, "b"]]})"), DataError,
               "label 0 is 'b' here and 'a' before");
  EXPECT_ERROR(open(R"({"train": [["a.jpg", 0, "a"], ["b.jpg", 7, "b"]]})"), DataError, "label 7 comes after 0");
  EXPECT_ERROR(open(R"({"train": [["a.jpg", -1, "a"]]})"), DataError, "label -1");
  EXPECT_ERROR(open(kSplit), DataError, "the photo 'b/2.jpg' is neither here");
}

}  // namespace
}  // namespace graft::data
