// Ultralytics' layouts, and the lines that are amiss in them.
#include "graft/core/error.h"
#include "tests/detection/read_case.h"

namespace graft::detection {
namespace {

using ::testing::HasSubstr;
using Yolo = ReadCase;

TEST_F(Yolo, IsReadWithYamlSplitsAndSizesOfPhotos) {
  folder_.put(
      "data.yaml",
      "# a comment\npath: ../nowhere  # not there: the YAML's own folder\ntrain: images/train\nval: [images/val]\n"
      "test:\nnames:\n  0: cat\n  2: 'dog: big'\ndownload: |\n  echo names\n");
  put_png("images/train/a.png", 100, 50);
  put_png("images/val/b.png", 40, 80);
  put_png("images/val/bare.png", 40, 80);
  folder_.put("labels/train/a.txt", "0 0.5 0.5 0.2 0.4\r\n2 0.1 0.1 0.3 0.1 0.3 0.2\r\n\r\n");
  folder_.put("labels/val/b.txt",
              "\xEF\xBB\xBF"
              "2.0 0.5 0.25 1 0.5");
  const Set set = read("");
  ASSERT_EQ(set.images.size(), 3u);
  EXPECT_EQ(set.images[0].file, "train/a.png");
  EXPECT_EQ(set.images[1].height, 80);
  ASSERT_EQ(set.annotations.size(), 3u);
  EXPECT_EQ(set.annotations[0].box, (Box{40, 15, 20, 20}));
  EXPECT_EQ(set.annotations[1].box, (Box{10, 5, 20, 5}));
  EXPECT_EQ(set.annotations[1].area, 50);
  EXPECT_EQ(class_of(set, 2), "dog: big");
  EXPECT_EQ(set.categories[1].id, 2);
  EXPECT_EQ(set.annotations[2].box, (Box{0, 0, 40, 40}));
  EXPECT_EQ(left_out(), 0u);
  EXPECT_EQ(count("label-file-missing"), 1u);
}

TEST_F(Yolo, OfRoboflowGoesUpNoFolder) {
  folder_.put("data.yaml", "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['a b']\n");
  put_png("train/images/a.png", 10, 10);
  put_png("valid/images/a.png", 20, 20);
  folder_.put("train/labels/a.txt", "0 0.5 0.5 1 1");
  folder_.put("valid/labels/a.txt", "0 0.5 0.5 1 1");
  const Set set = read("data.yaml");
  ASSERT_EQ(set.annotations.size(), 2u);
  EXPECT_EQ(set.images[1].file, "valid/images/a.png");
  EXPECT_EQ(set.annotations[1].box.width, 20);
}

TEST_F(Yolo, OfOneFolderIsReadWithItsListOfClasses) {
  folder_.put("classes.txt", "cat\r\ndog\r\n");
  put_png("a.png", 10, 10);
  folder_.put("a.txt", "1 0.5 0.5 1 1");
  EXPECT_EQ(class_of(read(""), 0), "dog");
}

TEST_F(Yolo, LinesThatAreAmissAreLeftOutByFileAndLine) {
  folder_.put("data.yaml", "names: [cat, dog]\nkpt_shape: [2, 3]\n");
  put_png("images/a.png", 10, 10);
  put_png("images/b.png", 10, 10);
  folder_.put(
      "labels/a.txt",
      "0 0.5 0.5 0.1\n7 0.5 0.5 0.1 0.1\n0 0.5 0.5 nan 0.1\n0.5 0.5 0.5 0.1 0.1\n0 5 5 2 2\n"
      "0 0.5 0.5 0.1 0.1 0.93\n1 0.5 0.5 0.2 0.2 0.1 0.1 2 0.2 0.2 2\n0 0.5,0.5,0.1,0.1\n0 1e999 0 0 0\n-1 0 0 1 1\n");
  folder_.put("labels/b.txt", "0 0.5 0.5 0.1 0.1\n\xff\xfe\xfd");
  folder_.put("labels/gone.txt", "0 0.5 0.5 0.1 0.1\n");
  const Set set = read("");
  EXPECT_EQ(set.annotations.size(), 3u);
  EXPECT_EQ(count("row-form"), 4u);
  EXPECT_THAT(example("row-form"), HasSubstr("labels/a.txt:1: '0 0.5 0.5 0.1', expected class x y width height"));
  EXPECT_EQ(count("unknown-category"), 3u);
  EXPECT_EQ(count("not-shares"), 1u);
  EXPECT_EQ(count("scores-unread"), 1u);
  EXPECT_EQ(count("keypoints-unread"), 1u);
  EXPECT_EQ(count("label-unreadable"), 1u);
  EXPECT_EQ(example("label-without-photo"), "labels/gone.txt");
}

TEST_F(Yolo, NamesKeysThatItDoesNotLookAtAndCountsItsClasses) {
  folder_.put("data.yaml",
              "names: [cat, dog]\nnc: 3\nvalidation: images\nflip_idx: [1, 0]\nroboflow: {license: x, url: y}\n");
  put_png("images/a.png", 10, 10);
  folder_.put("labels/a.txt", "0 0.5 0.5 0.1 0.1");
  EXPECT_EQ(read("").annotations.size(), 1u);
  EXPECT_THAT(findings_.kinds().at("unread-keys").examples,
              ::testing::ElementsAre("flip_idx is not looked at (1 time)", "roboflow is not looked at (1 time)"));
  EXPECT_EQ(example("class-count"), "nc is 3, and names has 2");
}

TEST_F(Yolo, WithoutPhotosIsRefusedAndReadWithTheirFolder) {
  folder_.put("y/data.yaml", "train: images\nnames: [cat]\n");
  folder_.put("y/labels/a.txt", "0 0.5 0.5 1 1");
  EXPECT_THROW(read("y"), DataError);
  put_png("photos/a.png", 30, 20);
  EXPECT_EQ(read("y", {.images = folder_ / "photos"}).annotations.at(0).box.width, 30);
}

TEST_F(Yolo, YamlThatIsNoneIsRefused) {
  for (const char* text :
       {"names: {a: b}\n", "names: [[1]]\n", "train: x\n", "names: [a\n", "- 1\n", "names: &a [*a]\n"}) {
    folder_.put("bad.yaml", text);
    EXPECT_THROW(read("bad.yaml"), DataError) << text;
  }
}

}  // namespace
}  // namespace graft::detection
