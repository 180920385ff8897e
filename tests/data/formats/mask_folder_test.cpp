#include <gmock/gmock.h>

#include <string>

#include "graft/data/dataset.h"
#include "graft/data/masks.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

void put_mask(const TempFolder& folder, const std::string& name, int width, std::vector<std::uint8_t> classes) {
  const int height = static_cast<int>(classes.size()) / width;
  folder.put(name, io::encode_index_png({width, height, std::move(classes), {}}));
}

void put_pair(const TempFolder& folder, const std::string& photo, const std::string& mask) {
  folder.put(photo, "");
  put_mask(folder, mask, 2, {0, 1, 1, 255});
}

TEST(MaskFolder, ReadsPhotosWithMasksOfTheirNames) {
  const TempFolder folder;
  for (const char* name : {"train/a", "train/b", "val/c", "test/deep/d"})
    put_pair(folder, fmt::format("images/{}.jpg", name), fmt::format("masks/{}.png", name));
  folder.put("classes.txt", "background\ndog\n");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_EQ(dataset.format, "mask-folder");
  EXPECT_EQ(dataset.target, Target::mask);
  EXPECT_EQ(dataset.reads, Reads::photo);
  EXPECT_THAT(dataset.classes, ElementsAre("background", "dog"));
  EXPECT_EQ(outputs_of(dataset), 2);
  EXPECT_THAT(dataset.train, ElementsAre(Sample{.input = "images/train/a.jpg", .pair = "masks/train/a.png"},
                                         Sample{.input = "images/train/b.jpg", .pair = "masks/train/b.png"}));
  EXPECT_THAT(dataset.val, SizeIs(1));
  EXPECT_THAT(dataset.test, ElementsAre(Sample{.input = "images/test/deep/d.jpg", .pair = "masks/test/deep/d.png"}));
  EXPECT_THAT(dataset.masks->read(dataset.train[0], {2, 2})->classes, ElementsAre(0, 1, 1, 255));
}

TEST(MaskFolder, FoldersOfSplitsMayStandOutside) {
  const TempFolder folder;
  for (const char* split : {"train", "test"})
    put_pair(folder, fmt::format("{}/images/a.png", split), fmt::format("{}/masks/a.png", split));
  const Dataset dataset = open_dataset(folder.path(), {.classes = "sky,tree"});
  EXPECT_THAT(dataset.train, ElementsAre(Sample{.input = "train/images/a.png", .pair = "train/masks/a.png"}));
  EXPECT_THAT(dataset.test, SizeIs(1));
}

TEST(MaskFolder, WithoutSplitsSplitsBySeed) {
  const TempFolder folder;
  for (int i = 0; i < 10; ++i)
    put_pair(folder, fmt::format("images/{}.jpg", i), fmt::format("masks/{}.png", i));
  folder.put("classes.txt", "background\ndog\n");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_THAT(dataset.train, SizeIs(5));
  EXPECT_THAT(dataset.val, SizeIs(2));
  EXPECT_THAT(dataset.test, SizeIs(3));
}

TEST(MaskFolder, ReadsCamVidsFoldersByItsOwnClasses) {
  const TempFolder folder;
  for (const char* split : {"train", "test"}) {
    folder.put(fmt::format("{}/0001TP.jpg", split), "");
    put_mask(folder, fmt::format("{}annot/0001TP.png", split), 3, {0, 10, 11});
  }
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_EQ(dataset.format, "mask-folder");
  EXPECT_THAT(dataset.classes, SizeIs(11));
  EXPECT_EQ(dataset.classes[10], "bicyclist");
  EXPECT_THAT(dataset.masks->read(dataset.test[0], {1, 3})->classes, ElementsAre(0, 10, 255));
}

TEST(MaskFolder, ReadsPascalsListsByItsOwnClasses) {
  const TempFolder folder;
  for (const char* name : {"2007_1", "2007_2", "2007_3"})
    put_pair(folder, fmt::format("JPEGImages/{}.jpg", name), fmt::format("SegmentationClass/{}.png", name));
  folder.put("ImageSets/Segmentation/train.txt", "2007_1\n");
  folder.put("ImageSets/Segmentation/val.txt", "2007_3\n");
  const Dataset dataset = open_dataset(folder.path(), {.val_split = "none", .test_split = "val"});
  EXPECT_THAT(dataset.classes, SizeIs(21));
  EXPECT_EQ(dataset.train[0].input, "JPEGImages/2007_1.jpg");
  EXPECT_EQ(dataset.test[0].pair, "SegmentationClass/2007_3.png");
  EXPECT_THAT(dataset.remarks, Contains("left: 1 that no list names"));
  folder.put("ImageSets/Segmentation/train.txt", "2007_9\n");
  EXPECT_ERROR(open_dataset(folder.path(), {.test_split = "val"}), DataError,
               "train.txt: the photo 2007_9 is not in JPEGImages");
}

TEST(MaskFolder, AListMayNumberItsClassesAndLeaveSomeOut) {
  const TempFolder folder;
  for (const char* split : {"train", "test"}) {
    folder.put(fmt::format("images/{}/a.jpg", split), "");
    put_mask(folder, fmt::format("masks/{}/a.png", split), 4, {0, 13, 200, 255});
  }
  folder.put("classes.txt", "0: unlabeled\n13 stop sign\n200\trug\n");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_THAT(dataset.classes, ElementsAre("stop sign", "rug"));
  EXPECT_THAT(dataset.masks->read(dataset.train[0], {1, 4})->classes, ElementsAre(255, 0, 1, 255));
  folder.put("classes.txt", "1: cat\n13 stop sign\n300 rug\n13 rug\n");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "the class 'rug' has the number 300: expected 0 to 255");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "the number 13 stands twice");
}

TEST(MaskFolder, WhatIsMissingIsOneLineEach) {
  const TempFolder folder;
  put_pair(folder, "images/train/a.jpg", "masks/train/a.png");
  put_pair(folder, "images/test/b.jpg", "masks/test/b.png");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "Put a classes.txt there");
  folder.put("classes.txt", "background\n");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "only the class 'background' to tell pixels apart by");
  folder.put("classes.txt", "background\ndog\n");
  EXPECT_ERROR(open_dataset(folder.path(), {.target = Target::label}), DataError,
               "--label-kind label: the photos have masks beside them");
  folder.put("images/train/c.jpg", "");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "images/train/c.jpg: its mask masks/train/c.png is not there");
}

TEST(MaskFolder, OtherDataHasNoMasks) {
  const TempFolder folder;
  for (const char* file : {"train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg"})
    folder.put(file, "");
  EXPECT_ERROR(open_dataset(folder.path(), {.target = Target::mask}), DataError,
               "--label-kind mask: of photos with masks beside them");
}

TEST(MaskFiles, RefuseWhatIsNoMaskOfTheirPhotoByName) {
  const TempFolder folder;
  put_mask(folder, "m.png", 2, {0, 1, 2, 3});
  const Sample sample{.input = "x.jpg", .pair = "m.png"};
  EXPECT_ERROR(MaskFiles(folder.path(), MaskNumbers::in_order(3, "classes.txt")).read(sample, {2, 2}), DataError,
               "m.png: pixel (1, 1) is number 3, and the classes are below 3 (classes.txt)");
  EXPECT_ERROR(MaskFiles(folder.path(), MaskNumbers::in_order(4, "classes.txt")).read(sample, {3, 2}), DataError,
               "m.png: 2 x 2 pixels, and its photo x.jpg has 2 x 3");
  folder.put("m.png", "nothing");
  EXPECT_ERROR(MaskFiles(folder.path(), MaskNumbers::in_order(4, "classes.txt")).read(sample, {2, 2}), DataError,
               "m.png: not a PNG");
}

TEST(MaskFiles, OtherNumbersAreOtherContent) {
  const TempFolder folder;
  put_mask(folder, "m.png", 2, {0, 1, 1, 0});
  const Sample sample{.input = "x.jpg", .pair = "m.png"};
  const auto files = std::make_shared<MaskFiles>(folder.path(), MaskNumbers::in_order(3, "classes.txt"));
  const auto swapped = renumbered(files, {1, 0, -1});
  EXPECT_THAT(swapped->read(sample, {2, 2})->classes, ElementsAre(1, 0, 0, 1));
  EXPECT_NE(swapped->content(sample), files->content(sample));
  const auto before = files->content(sample);
  put_mask(folder, "m.png", 2, {0, 1, 1, 1});
  EXPECT_NE(files->content(sample), before);
}

}  // namespace
}  // namespace graft::data
