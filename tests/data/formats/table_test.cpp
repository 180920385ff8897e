#include <gmock/gmock.h>

#include "graft/data/dataset.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;

TEST(TableFormat, FindsTheUsualColumnsAndReadsSplits) {
  const TempFolder folder;
  folder.put("labels.csv", "split,file,label\ntrain,a.jpg,dog\ntrain,b.jpg,cat\nvalid,c.jpg,cat\ntest,/d.jpg,dog\n");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_THAT(dataset.classes, ElementsAre("cat", "dog"));
  EXPECT_THAT(dataset.train, ElementsAre(Sample{"a.jpg", 1}, Sample{"b.jpg", 0}));
  EXPECT_THAT(dataset.val, ElementsAre(Sample{"c.jpg", 0}));
  EXPECT_EQ(dataset.path(dataset.train[0]), folder.path() / "a.jpg");
  EXPECT_EQ(dataset.path(dataset.test[0]), "/d.jpg");
}

TEST(TableFormat, ReadsNamedColumnsOfJsonl) {
  const TempFolder folder;
  const auto file = folder.put("set.jsonl",
                               "{\"photo\": \"a.jpg\", \"kind\": \"x\", \"part\": \"train\"}\n"
                               "{\"photo\": \"b.jpg\", \"kind\": \"y\", \"part\": \"train\"}\n"
                               "{\"photo\": \"c.jpg\", \"kind\": \"y\", \"part\": \"test\"}\n");
  const Dataset dataset = open_dataset(file, {.image_column = "photo", .label_column = "kind", .split_column = "part"});
  EXPECT_EQ(dataset.name, "set");
  EXPECT_THAT(dataset.test, ElementsAre(Sample{"c.jpg", 1}));
}

TEST(TableFormat, SaysWhichColumnsThereAre) {
  const TempFolder folder;
  const auto file = folder.put("t.csv", "file,subCategory\na.jpg,x\n");
  EXPECT_ERROR(open_dataset(file), DataError, "--label-column. Columns: file, subCategory.");
  EXPECT_ERROR(open_dataset(file, {.label_column = "subCategori"}), DataError, "Did you mean 'subCategory'?");
}

TEST(TableFormat, NumbersSortAsNumbersAndNeedNoNames) {
  const TempFolder folder;
  const auto file = folder.put("t.csv", "file,label,split\na.jpg,10,train\nb.jpg,9,train\nc.jpg,9,test\n");
  EXPECT_THAT(open_dataset(file).classes, ElementsAre("9", "10"));
}

TEST(TableFormat, NumbersArePlacesInTheListOfClasses) {
  const TempFolder folder;
  const auto names = folder.put("names.txt", "ant\nbee\n");
  const auto good = folder.put("good.csv", "file,label,split\na.jpg,1,train\nb.jpg,ant,train\nc.jpg,0,test\n");
  EXPECT_THAT(open_dataset(good, {.classes = names}).train, ElementsAre(Sample{"a.jpg", 1}, Sample{"b.jpg", 0}));
  const auto bad = folder.put("bad.csv", "file,label\na.jpg,2\nb.jpg,bea\nc.jpg,-1\n");
  EXPECT_ERROR(open_dataset(bad, {.classes = names}), DataError, "bad.csv:2: the class '2' is not in");
  EXPECT_ERROR(open_dataset(bad, {.classes = names}), DataError, "expected 0 to 1 or a name");
  EXPECT_ERROR(open_dataset(bad, {.classes = names}), DataError, "did you mean 'bee'?");
}

TEST(TableFormat, RefusesRowsWithoutFileClassOrSplit) {
  const TempFolder folder;
  EXPECT_ERROR(open_dataset(folder.put("a.csv", "file,label\n,x\n")), DataError, "a.csv:2: no file");
  EXPECT_ERROR(open_dataset(folder.put("b.csv", "file,label\na.jpg,\n")), DataError, "b.csv:2: no class");
  EXPECT_ERROR(open_dataset(folder.put("c.csv", "file,label,split\na.jpg,x,train\nb.jpg,y,\n")), DataError,
               "c.csv:3: the split is empty");
}

TEST(TableFormat, SplitFoldersWinOverATableThatLiesBeside) {
  const TempFolder folder;
  folder.put("metadata.csv", "anything\n1\n");
  for (const char* file : {"train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg"})
    folder.put(file, "");
  EXPECT_THAT(open_dataset(folder.path()).classes, ElementsAre("a", "b"));
}

TEST(TableFormat, ColumnsAreFoundInAnyCaseByNameAndByOption) {
  const TempFolder folder;
  EXPECT_EQ(open_dataset(folder.put("a.csv", "Image,Label,Split\na.jpg,dog,Train\nb.jpg,cat,train\nc.jpg,cat,Test \n"))
                .test.size(),
            1u);
  const auto photo = folder.put("b.csv", "Photo Name,Kind,SPLIT\na.jpg,dog,train\nb.jpg,cat,train\nc.jpg,cat,eval\n");
  const Dataset named = open_dataset(photo, {.image_column = "photo_name", .label_column = "kind"});
  EXPECT_THAT(named.test, ElementsAre(Sample{"c.jpg", 0}));
  const auto many = folder.put("c.csv", "file,label,Label,split\na,b,c,train\n");
  EXPECT_ERROR(open_dataset(many), DataError, "the columns 'label' and 'Label' could both be meant");
}

TEST(TableFormat, AnUnknownSplitIsRefusedWithItsRows) {
  const TempFolder folder;
  const auto file = folder.put("t.csv", "file,label,split\na.jpg,x,train\nb.jpg,y,train\nc.jpg,x,tset\nd.jpg,y,test\n");
  EXPECT_ERROR(open_dataset(file), DataError,
               "t.csv:4: the split 'tset' is none of train, val, test. Did you mean 'test'?");
  // Whoever names splits leaves the others, and is told.
  const Dataset named = open_dataset(file, {.test_split = "tset"});
  EXPECT_THAT(named.test, ElementsAre(Sample{"c.jpg", 0}));
  EXPECT_THAT(named.remarks, ElementsAre("left: 1 in the split 'test'"));
  const auto both = folder.put("b.csv", "file,label,split\na.jpg,x,train\nb.jpg,y,train\nc.jpg,x,eval\nd.jpg,y,test\n");
  EXPECT_ERROR(open_dataset(both), DataError, "b.csv:4: the split 'eval' could be 'test', which is there too");
  EXPECT_THAT(open_dataset(file, {.split_column = "none"}).remarks,
              ElementsAre("a split was made up: 50/20/30 % of each class (--split-seed 1)"));
}

TEST(TableFormat, ASplitThatWasMadeUpIsSaid) {
  const TempFolder folder;
  std::string rows = "file,label\n";
  for (int i = 0; i < 20; ++i)
    rows += fmt::format("{}.jpg,{}\n", i, i % 2 ? "cat" : "dog");
  const auto file = folder.put("t.csv", rows);
  EXPECT_THAT(open_dataset(file).remarks, ElementsAre(testing::StartsWith("a split was made up")));
  EXPECT_EQ(open_dataset(file, {.test_split = "val"}).test, open_dataset(file).val);
  EXPECT_ERROR(open_dataset(file, {.test_split = "holdout"}), DataError,
               "--test-split holdout: the data names no splits");
}

TEST(TableFormat, ClassesWithBlanksOrInAnotherNormalFormAreOne) {
  const TempFolder folder;
  const auto file = folder.put("t.csv",
                               "file,label,split\na.jpg,caf\xc3\xa9,train\nb.jpg,cafe\xcc\x81 ,train\n"
                               "c.jpg,tea,train\nd.jpg,tea ,test\n");
  const Dataset dataset = open_dataset(file);
  EXPECT_THAT(dataset.classes, ElementsAre("caf\xc3\xa9", "tea"));
  EXPECT_THAT(dataset.notes, ElementsAre(testing::HasSubstr("is written in 2 ways")));
  const auto names = folder.put("names.txt",
                                "\xef\xbb\xbf"
                                "tea \r\ncafe\xcc\x81\r\n");
  EXPECT_THAT(open_dataset(file, {.classes = names}).classes, ElementsAre("tea", "caf\xc3\xa9"));
}

TEST(TableFormat, WrongTypesOfJsonlAreSaidWithKeyAndLine) {
  const TempFolder folder;
  const auto file = folder.put("t.jsonl",
                               "{\"file\": \"a.jpg\", \"label\": 3}\n{\"file\": 7, \"label\": [\"x\"]}\n"
                               "{\"file\": \"c.jpg\", \"label\": null}\n");
  EXPECT_ERROR(open_dataset(file), DataError, "t.jsonl:2: 'file': expected text, got the number 7.");
  EXPECT_ERROR(open_dataset(file), DataError, "t.jsonl:2: 'label': expected text or a number, got a list.");
  EXPECT_ERROR(open_dataset(file), DataError, "t.jsonl:3: no class in the column 'label'.");
}

TEST(TableFormat, RepeatedRowsAndOtherColumnsAreSaid) {
  const TempFolder folder;
  const auto file = folder.put(
      "t.csv", "file,label,class,split\na.jpg,0,x,train\n./a.jpg,0,x,train\nb.jpg,1,y,train\nc.jpg,0,x,test\n");
  EXPECT_THAT(open_dataset(file).notes,
              ElementsAre(testing::HasSubstr("1 row stand there already, word for word (t.csv:3)"),
                          testing::HasSubstr(
                              "classes are read from the column 'label' and splits from 'split', not from: class")));
}

// A table beside class folders: which of the two is the data set?
class TableBesideFolders : public testing::Test {
 protected:
  TableBesideFolders() {
    for (const char* name : {"cat", "dog"}) {
      for (int i = 0; i < 10; ++i)
        folder.put(fmt::format("{}/{}.jpg", name, i), "");
    }
  }
  std::string rows(int count, const std::string& head = "file,label\n") const {
    std::string text = head;
    for (int i = 0; i < count; ++i)
      text += fmt::format("{}/{}.jpg,{}\n", i % 2 ? "cat" : "dog", i / 2, i % 2 ? "furry" : "loud");
    return text;
  }
  TempFolder folder;
};

TEST_F(TableBesideFolders, ATableThatDescribesNoPhotoIsLeft) {
  folder.put("notes.csv", "when,what\n1,2\n");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_EQ(dataset.format, "image-folder");
  EXPECT_THAT(dataset.classes, ElementsAre("cat", "dog"));
  EXPECT_THAT(dataset.remarks, testing::Contains("left: 1 no photo (.csv)"));
  EXPECT_ERROR(open_dataset(folder.path(), {.format = "table"}), DataError, "notes.csv (read as table");
}

TEST_F(TableBesideFolders, OwnPredictionsAreLeft) {
  folder.put("predictions.jsonl",
             "{\"file\":\"cat/1.jpg\",\"label\":\"cat\",\"split\":\"test\",\"predicted\":\"cat\"}\n");
  EXPECT_EQ(open_dataset(folder.path()).format, "image-folder");
}

TEST_F(TableBesideFolders, ATableOfAllPhotosWins) {
  folder.put("labels.csv", rows(20));
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_EQ(dataset.format, "table");
  EXPECT_THAT(dataset.classes, ElementsAre("furry", "loud"));
  EXPECT_EQ(dataset.remarks.front(), "table labels.csv");
}

TEST_F(TableBesideFolders, ATableOfSomePhotosIsRefusedUntilAFormatIsNamed) {
  folder.put("labels.csv", rows(8));
  EXPECT_ERROR(open_dataset(folder.path()), DataError,
               "holds both a table, labels.csv, which names 8 of the 20 photos");
  EXPECT_EQ(open_dataset(folder.path(), {.format = "image-folder"}, {}).classes.size(), 2u);
  EXPECT_THAT(open_dataset(folder.path(), {.format = "table"}, {}).classes, ElementsAre("furry", "loud"));
}

TEST(TableFormat, SeveralTablesThatAreNoSplitsAreNamed) {
  const TempFolder folder;
  folder.put("old.csv", "file,label\n");
  folder.put("new.csv", "file,label\n");
  EXPECT_ERROR(open_dataset(folder.path(), {.format = "table"}), DataError, "It holds new.csv, old.csv: name one");
}

}  // namespace
}  // namespace graft::data
