#include <gmock/gmock.h>

#include "graft/data/dataset.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;

TEST(ImageFolder, ReadsSplitsAndSortsClassesAndFiles) {
  const TempFolder folder;
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
  const TempFolder folder;
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
  const TempFolder folder;
  for (const char* file : {"train/a/1.jpg", "train/b/1.jpg", "train/empty/readme.txt", "test/a/1.jpg"}) {
    folder.put(file, "");
  }
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "the class 'empty' has no photo to train on");
}

TEST(ImageFolder, AListOfClassesNumbersThemAndMissesNone) {
  const TempFolder folder;
  for (const char* file : {"train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg"})
    folder.put(file, "");
  const auto list = folder.put("names.txt", "b\r\na\n");
  const Dataset dataset = open_dataset(folder.path(), {.classes = list});
  EXPECT_THAT(dataset.classes, ElementsAre("b", "a"));
  EXPECT_EQ(dataset.train[0], (Sample{"train/a/1.jpg", 1}));
  const auto other = folder.put("other.txt", "aa\nc\n");
  EXPECT_ERROR(open_dataset(folder.path(), {.classes = other}), DataError, "train/b/1.jpg: the class 'b' is not in");
}

TEST(ImageFolder, WhatIsLeftIsSaidByReasonAndCount) {
  const TempFolder folder;
  for (const char* file :
       {"Shoes/1.jpg", "Shoes/2.JFIF", "Shoes/3.jpe", "Shoes/.ipynb_checkpoints/1-checkpoint.jpg", "Bags/1.PNG",
        "Bags/._1.png", "Bags/notes.txt", "Bags/x.heic", "__MACOSX/Bags/1.png", "@eaDir/Bags/1.jpg", ".hidden.jpg"})
    folder.put(file, "");
  const Dataset dataset = open_dataset(folder.path(), {}, {});
  EXPECT_THAT(dataset.classes, ElementsAre("Bags", "Shoes"));
  EXPECT_EQ(dataset.train.size() + dataset.val.size() + dataset.test.size(), 4u);
  EXPECT_EQ(dataset.remarks.back(),
            "left: 2 hidden, 3 of the system's own (._*, @eaDir, __MACOSX), 1 image of a kind that graft does not read "
            "(.heic), 1 no photo (.txt)");
}

TEST(ImageFolder, AClassCalledTrainIsAClassAmongOthers) {
  const TempFolder folder;
  for (const char* name : {"train", "car", "bus"}) {
    for (int i = 0; i < 10; ++i)
      folder.put(fmt::format("{}/{}.jpg", name, i), "");
  }
  EXPECT_THAT(open_dataset(folder.path()).classes, ElementsAre("bus", "car", "train"));
}

TEST(ImageFolder, SplitFoldersWithoutClassFoldersAreRefused) {
  const TempFolder folder;
  folder.put("train/1.jpg", "");
  folder.put("test/1.jpg", "");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "no class was found: test, train hold no class folders");
}

TEST(ImageFolder, AMisspeltSplitFolderIsRefusedAndAnotherIsSaid) {
  const TempFolder folder;
  for (const char* file : {"train/a/1.jpg", "train/b/1.jpg", "tset/a/1.jpg", "test/a/2.jpg"})
    folder.put(file, "");
  EXPECT_ERROR(open_dataset(folder.path()), DataError,
               "the folder 'tset' beside the splits is none. Did you mean 'test'?");
  EXPECT_EQ(open_dataset(folder.path(), {.test_split = "tset"}).test.size(), 1u);
}

TEST(ImageFolder, FoldersThatSpeakOfSplitsAreNoClasses) {
  const TempFolder folder;
  for (const char* file : {"seg_train/a/1.jpg", "seg_train/b/1.jpg", "seg_test/a/1.jpg", "seg_test/b/1.jpg"})
    folder.put(file, "");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "the folders seg_test, seg_train look like splits");
  EXPECT_EQ(open_dataset(folder.path(), {.train_split = "seg_train", .test_split = "seg_test"}).classes.size(), 2u);
}

TEST(ImageFolder, DecomposedNamesMeetComposedOnes) {
  const TempFolder folder;
  folder.put("train/cafe\xcc\x81/1.jpg", "");
  folder.put("train/tea/1.jpg", "");
  folder.put("test/caf\xc3\xa9/1.jpg", "");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_THAT(dataset.classes, ElementsAre("caf\xc3\xa9", "tea"));
  EXPECT_THAT(dataset.test, ElementsAre(Sample{"test/caf\xc3\xa9/1.jpg", 0}));
  folder.put("train/caf\xe9/1.jpg", "");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "is not UTF-8");
}

}  // namespace
}  // namespace graft::data
