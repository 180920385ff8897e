#include <gmock/gmock.h>

#include "graft/data/dataset.h"
#include "tests/io/expect_error.h"
#include "tests/io/temporary_folder.h"

namespace graft::data {
namespace {

using io::TemporaryFolder;
using testing::ElementsAre;

TEST(ImageFolder, ReadsSplitsAndSortsClassesAndFiles) {
  const TemporaryFolder folder;
  for (const char* file : {"train/Zebra/2.jpg", "train/Zebra/1.JPEG", "train/ant/deep/x.png", "train/ant/notes.txt",
                           "validation/ant/v.webp", "test/Zebra/t.bmp", "train/.cache/c.jpg", "other/ant/o.jpg"}) {
    folder.put(file, "");
  }
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_EQ(dataset.name, folder.path().filename());
  EXPECT_THAT(dataset.classes, ElementsAre("Zebra", "ant"));
  EXPECT_THAT(dataset.train, ElementsAre(Sample{"train/Zebra/1.JPEG", 0}, Sample{"train/Zebra/2.jpg", 0},
                                         Sample{"train/ant/deep/x.png", 1}));
  EXPECT_THAT(dataset.val, ElementsAre(Sample{"validation/ant/v.webp", 1}));
  EXPECT_THAT(dataset.test, ElementsAre(Sample{"test/Zebra/t.bmp", 0}));
}

TEST(ImageFolder, WithoutSplitFoldersSplitsBySeed) {
  const TemporaryFolder folder;
  for (int i = 0; i < 10; ++i) {
    folder.put(fmt::format("cat/{}.jpg", i), "");
    folder.put(fmt::format("dog/{}.jpg", i), "");
  }
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_EQ(dataset.train.size(), 10u);
  EXPECT_EQ(dataset.val.size(), 4u);
  EXPECT_EQ(dataset.test.size(), 6u);
  EXPECT_NE(open_dataset(folder.path(), {.split_seed = 2}).train, dataset.train);
}

TEST(ImageFolder, AnEmptyClassFolderIsAnError) {
  const TemporaryFolder folder;
  for (const char* file : {"train/a/1.jpg", "train/b/1.jpg", "train/empty/readme.txt", "test/a/1.jpg"}) {
    folder.put(file, "");
  }
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "the class 'empty' has no photo to train on");
}

TEST(ImageFolder, AListOfClassesNumbersThemAndMissesNone) {
  const TemporaryFolder folder;
  for (const char* file : {"train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg"})
    folder.put(file, "");
  const auto list = folder.put("names.txt", "b\r\na\n");
  const Dataset dataset = open_dataset(folder.path(), {.classes = list});
  EXPECT_THAT(dataset.classes, ElementsAre("b", "a"));
  EXPECT_EQ(dataset.train[0], (Sample{"train/a/1.jpg", 1}));
  const auto other = folder.put("other.txt", "aa\nc\n");
  EXPECT_ERROR(open_dataset(folder.path(), {.classes = other}), DataError, "train/b/1.jpg: the class 'b' is not in");
}

}  // namespace
}  // namespace graft::data
