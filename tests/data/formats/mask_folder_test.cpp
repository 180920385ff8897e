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

TEST(MaskFolder, WithoutSplitsAllOfItMayTrain) {
  const TempFolder folder;
  for (int i = 0; i < 3; ++i)
    put_pair(folder, fmt::format("images/{}.jpg", i), fmt::format("masks/{}.png", i));
  folder.put("classes.txt", "background\ndog\n");
  const Dataset dataset = open_dataset(folder.path(), {.unsplit = Unsplit::whole});
  EXPECT_THAT(dataset.train, SizeIs(3));
  EXPECT_EQ(dataset.test, dataset.train);
  EXPECT_THAT(dataset.val, SizeIs(0));
  EXPECT_THAT(dataset.remarks, Contains("no splits: all of it trains, and is what is reported on"));
  for (const char* split : {"train", "test"})
    put_pair(folder, fmt::format("images/{}/a.jpg", split), fmt::format("masks/{}/a.png", split));
  for (int i = 0; i < 3; ++i)
    std::filesystem::remove(folder.path() / fmt::format("images/{}.jpg", i));
  EXPECT_THAT(open_dataset(folder.path(), {.unsplit = Unsplit::whole}).train, SizeIs(1));  // its own splits stand
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

TEST(MaskFolder, ReadsCityscapesIdsAndTrainingNumbers) {
  const TempFolder folder;
  for (const char* at : {"train/aachen/aachen_0", "val/ulm/ulm_1", "test/bonn/bonn_2"}) {
    folder.put(fmt::format("leftImg8bit/{}_leftImg8bit.png", at), "");
    put_mask(folder, fmt::format("gtFine/{}_gtFine_labelTrainIds.png", at), 3, {0, 18, 255});
  }
  const auto read = [&] { return open_dataset(folder.path(), {.val_split = "none", .test_split = "val"}); };
  EXPECT_THAT(read().masks->read(read().train[0], {1, 3})->classes, ElementsAre(0, 18, 255));
  for (const char* at : {"train/aachen/aachen_0", "val/ulm/ulm_1", "test/bonn/bonn_2"})
    put_mask(folder, fmt::format("gtFine/{}_gtFine_labelIds.png", at), 3, {7, 33, 4});
  const Dataset dataset = read();
  EXPECT_THAT(dataset.classes, SizeIs(19));
  EXPECT_EQ(dataset.classes[13], "car");
  EXPECT_THAT(dataset.train, ElementsAre(Sample{.input = "leftImg8bit/train/aachen/aachen_0_leftImg8bit.png",
                                                .pair = "gtFine/train/aachen/aachen_0_gtFine_labelIds.png"}));
  EXPECT_THAT(dataset.test, SizeIs(1));
  EXPECT_THAT(dataset.masks->read(dataset.train[0], {1, 3})->classes, ElementsAre(0, 18, 255));
  EXPECT_THAT(dataset.remarks, Contains(HasSubstr("Cityscapes' test photos")));
  put_mask(folder, "gtFine/val/ulm/ulm_1_gtFine_labelIds.png", 3, {7, 34, 4});
  EXPECT_ERROR(dataset.masks->read(dataset.test[0], {1, 3}), DataError,
               "pixel (1, 0) is number 34, and the classes are Cityscapes' ids, 0 to 33");
}

TEST(MaskFolder, ReadsAdeByItsTable) {
  const TempFolder folder;
  for (const char* split : {"training", "validation"})
    put_pair(folder, fmt::format("images/{}/ADE_1.jpg", split), fmt::format("annotations/{}/ADE_1.png", split));
  EXPECT_ERROR(open_dataset(folder.path(), {.test_split = "val"}), DataError, "Put a classes.txt there");
  folder.put("objectInfo150.txt",
             "Idx\tRatio\tTrain\tVal\tStuff\tName\n"
             "1\t0.1576\t11664\t1172\t1\twall\n"
             "2\t0.1072\t6046\t612\t1\tbuilding, edifice\n"
             "3\t0.1\t1\t1\t0\tscreen, door\n"
             "9\t0.1\t1\t1\t0\tscreen, CRT\n");
  put_mask(folder, "annotations/training/ADE_1.png", 4, {0, 1, 3, 9});
  const Dataset dataset = open_dataset(folder.path(), {.test_split = "val"});
  EXPECT_THAT(dataset.classes, ElementsAre("wall", "building", "screen (3)", "screen (9)"));
  EXPECT_THAT(dataset.masks->read(dataset.train[0], {1, 4})->classes, ElementsAre(255, 0, 2, 3));
  EXPECT_EQ(dataset.test[0].pair, "annotations/validation/ADE_1.png");
  folder.put("objectInfo150.txt", "Idx\tRatio\tTrain\tVal\tStuff\tName\n1\twall\n");
  EXPECT_ERROR(open_dataset(folder.path(), {.test_split = "val"}), DataError, "line 2: expected six columns");
  folder.put("objectInfo150.txt", "1: wall\n2: sky\n");
  EXPECT_ERROR(open_dataset(folder.path(), {.test_split = "val"}), DataError, "expected the columns Idx, Ratio");
}

TEST(MaskFolder, ReadsCocoStuffByItsLabels) {
  const TempFolder folder;
  for (const char* split : {"train2017", "val2017"}) {
    folder.put(fmt::format("images/{}/7.jpg", split), "");
    put_mask(folder, fmt::format("annotations/{}/7.png", split), 3, {0, 2, 255});
  }
  folder.put("labels.txt", "0: unlabeled\n1: person\n3: water-other\n");
  const Dataset dataset = open_dataset(folder.path(), {.test_split = "val"});
  EXPECT_THAT(dataset.classes, ElementsAre("person", "water-other"));
  EXPECT_EQ(dataset.train[0].input, "images/train2017/7.jpg");
  EXPECT_THAT(dataset.masks->read(dataset.train[0], {1, 3})->classes, ElementsAre(0, 1, 255));
  put_mask(folder, "annotations/train2017/7.png", 3, {0, 1, 255});
  EXPECT_ERROR(open_dataset(folder.path(), {.test_split = "val"}).masks->read(dataset.train[0], {1, 3}), DataError,
               "pixel (1, 0) is number 1, and the classes are the 2 that labels.txt lists, less one each");
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
