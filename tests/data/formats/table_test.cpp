#include <gmock/gmock.h>

#include "graft/data/dataset.h"
#include "tests/io/expect_error.h"
#include "tests/io/temporary_folder.h"

namespace graft::data {
namespace {

using io::TemporaryFolder;
using testing::ElementsAre;

TEST(TableFormat, FindsTheUsualColumnsAndReadsSplits) {
  const TemporaryFolder folder;
  folder.put("labels.csv", "split,file,label\ntrain,a.jpg,dog\ntrain,b.jpg,cat\nvalid,c.jpg,cat\ntest,/d.jpg,dog\n");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_THAT(dataset.classes, ElementsAre("cat", "dog"));
  EXPECT_THAT(dataset.train, ElementsAre(Sample{"a.jpg", 1}, Sample{"b.jpg", 0}));
  EXPECT_THAT(dataset.val, ElementsAre(Sample{"c.jpg", 0}));
  EXPECT_EQ(dataset.path(dataset.train[0]), folder.path() / "a.jpg");
  EXPECT_EQ(dataset.path(dataset.test[0]), "/d.jpg");
}

TEST(TableFormat, ReadsNamedColumnsOfJsonl) {
  const TemporaryFolder folder;
  const auto file = folder.put("set.jsonl",
                               "{\"photo\": \"a.jpg\", \"kind\": \"x\", \"part\": \"train\"}\n"
                               "{\"photo\": \"b.jpg\", \"kind\": \"y\", \"part\": \"train\"}\n"
                               "{\"photo\": \"c.jpg\", \"kind\": \"y\", \"part\": \"test\"}\n");
  const Dataset dataset = open_dataset(file, {.image_column = "photo", .label_column = "kind", .split_column = "part"});
  EXPECT_EQ(dataset.name, "set");
  EXPECT_THAT(dataset.test, ElementsAre(Sample{"c.jpg", 1}));
}

TEST(TableFormat, SaysWhichColumnsThereAre) {
  const TemporaryFolder folder;
  const auto file = folder.put("t.csv", "file,subCategory\na.jpg,x\n");
  EXPECT_ERROR(open_dataset(file), DataError, "--label-column. Columns: file, subCategory.");
  EXPECT_ERROR(open_dataset(file, {.label_column = "subcategory"}), DataError, "Did you mean 'subCategory'?");
}

TEST(TableFormat, NumbersSortAsNumbersAndNeedNoNames) {
  const TemporaryFolder folder;
  const auto file = folder.put("t.csv", "file,label,split\na.jpg,10,train\nb.jpg,9,train\nc.jpg,9,test\n");
  EXPECT_THAT(open_dataset(file).classes, ElementsAre("9", "10"));
}

TEST(TableFormat, NumbersArePlacesInTheListOfClasses) {
  const TemporaryFolder folder;
  const auto names = folder.put("names.txt", "ant\nbee\n");
  const auto good = folder.put("good.csv", "file,label,split\na.jpg,1,train\nb.jpg,ant,train\nc.jpg,0,test\n");
  EXPECT_THAT(open_dataset(good, {.classes = names}).train, ElementsAre(Sample{"a.jpg", 1}, Sample{"b.jpg", 0}));
  const auto bad = folder.put("bad.csv", "file,label\na.jpg,2\nb.jpg,bea\nc.jpg,-1\n");
  EXPECT_ERROR(open_dataset(bad, {.classes = names}), DataError, "bad.csv:2: the class '2' is not in");
  EXPECT_ERROR(open_dataset(bad, {.classes = names}), DataError, "expected 0 to 1 or a name");
  EXPECT_ERROR(open_dataset(bad, {.classes = names}), DataError, "did you mean 'bee'?");
}

TEST(TableFormat, RefusesRowsWithoutFileClassOrSplit) {
  const TemporaryFolder folder;
  EXPECT_ERROR(open_dataset(folder.put("a.csv", "file,label\n,x\n")), DataError, "a.csv:2: no file");
  EXPECT_ERROR(open_dataset(folder.put("b.csv", "file,label\na.jpg,\n")), DataError, "b.csv:2: no class");
  EXPECT_ERROR(open_dataset(folder.put("c.csv", "file,label,split\na.jpg,x,train\nb.jpg,y,\n")), DataError,
               "c.csv:3: the split is empty");
}

TEST(TableFormat, SplitFoldersWinOverATableThatLiesBeside) {
  const TemporaryFolder folder;
  folder.put("metadata.csv", "anything\n1\n");
  for (const char* file : {"train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg"})
    folder.put(file, "");
  EXPECT_THAT(open_dataset(folder.path()).classes, ElementsAre("a", "b"));
}

}  // namespace
}  // namespace graft::data
