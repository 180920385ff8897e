#include <gmock/gmock.h>

#include <string>

#include "graft/data/dataset.h"
#include "graft/data/masks.h"
#include "graft/data/shapes.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;

std::vector<int> filled(const std::vector<Polygon>& polygons, Size photo) {
  std::vector<int> pixels(static_cast<std::size_t>(photo.width) * photo.height);
  fill_polygons(polygons, photo, [&](std::size_t i) { ++pixels[i]; });
  return pixels;
}

TEST(Shapes, APolygonFillsThePixelsWhoseCentresItHolds) {
  EXPECT_THAT(filled({{1, 0, 3, 0, 3, 2, 1, 2}}, {3, 4}), ElementsAre(0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0));
  EXPECT_THAT(filled({{0, 0, 4, 0, 0, 4}}, {4, 4}), ElementsAre(1, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(filled({{0, 0, 3, 0, 3, 3, 0, 3}, {1, 1, 2, 1, 2, 2, 1, 2}}, {3, 3}),  // a hole
              ElementsAre(1, 1, 1, 1, 0, 1, 1, 1, 1));
  EXPECT_THAT(filled({{-5, -5, 9, -5, 9, 9, -5, 9}}, {2, 2}), ElementsAre(1, 1, 1, 1));  // beyond the photo
  EXPECT_THAT(filled({{0, 0, 0.4, 0, 0.4, 0.4}}, {1, 1}), ElementsAre(0));               // no centre in it
}

TEST(Shapes, RunsGoDownTheColumns) {
  std::vector<int> pixels(6);
  fill_runs({1, 2, 2, 1}, {2, 3}, [&](std::size_t i) { ++pixels[i]; });
  EXPECT_THAT(pixels, ElementsAre(0, 1, 0, 1, 0, 1));
  const auto none = [](std::size_t) {};
  EXPECT_ERROR(fill_runs({1, 2}, {2, 3}, none), DataError, "runs of 3 pixels in all, and the photo has 3 x 2");
  EXPECT_ERROR(fill_runs({1, 9}, {2, 3}, none), DataError, "runs that leave");
  EXPECT_ERROR(fill_runs({-1, 7}, {2, 3}, none), DataError, "runs that leave");
}

// COCO's letters worked by hand: 5 is '5'; 20 is 10100, whose fifth bit would be a sign, so that a letter follows; from
// the fourth on a run is a difference.
TEST(Shapes, RunsAreReadOutOfTheirLetters) {
  EXPECT_THAT(runs_of_letters("5"), ElementsAre(5));
  EXPECT_THAT(runs_of_letters("d0"), ElementsAre(20));
  EXPECT_THAT(runs_of_letters("123O"), ElementsAre(1, 2, 3, 1));  // 'O' is -1: 2 - 1
  EXPECT_THAT(runs_of_letters(""), ElementsAre());
  EXPECT_ERROR(runs_of_letters("d"), DataError, "end in the middle of one");
  EXPECT_ERROR(runs_of_letters("!"), DataError, "'!' is none");
  EXPECT_ERROR(runs_of_letters("O"), DataError, "one of -1 pixels");
}

constexpr const char* kList = R"({
  "images": [{"id": 7, "file_name": "a.jpg", "height": 3, "width": 4}],
  "annotations": [
    {"image_id": 7, "category_id": 5, "area": 2, "iscrowd": 0, "segmentation": [[1, 0, 3, 0, 3, 1, 1, 1]]},
    {"image_id": 7, "category_id": 3, "area": 8, "iscrowd": 0, "segmentation": [[0, 0, 4, 0, 4, 2, 0, 2]]},
    {"image_id": 7, "category_id": 5, "area": 1, "iscrowd": 1, "segmentation": {"size": [3, 4], "counts": [11, 1]}},
    {"image_id": 7, "category_id": 3, "area": 1, "iscrowd": 0, "segmentation": {"size": [3, 4], "counts": "219"}}],
  "categories": [{"id": 5, "name": "dog"}, {"id": 3, "name": "cat"}]})";

class CocoMasksFormat : public testing::Test {
 protected:
  CocoMasksFormat() {
    for (const char* split : {"train", "val"}) {
      folder_.put(fmt::format("images/{}2017/a.jpg", split), "");
      folder_.put(fmt::format("annotations/instances_{}2017.json", split), kList);
    }
  }
  TempFolder folder_;
};

TEST_F(CocoMasksFormat, PaintsTheSmallestInstanceLastAndLeavesCrowdsOut) {
  const auto dataset = open_dataset(folder_.path(), {.val_split = "none", .test_split = "val"});
  EXPECT_EQ(dataset.format, "coco-masks");
  EXPECT_THAT(dataset.classes, ElementsAre("background", "cat", "dog"));
  EXPECT_EQ(dataset.train[0].input, "images/train2017/a.jpg");
  EXPECT_EQ(dataset.test[0].input, "images/val2017/a.jpg");
  EXPECT_THAT(dataset.masks->read(dataset.train[0], {3, 4})->classes,
              ElementsAre(1, 2, 2, 1, 1, 1, 1, 1, 1, 0, 0, 255));
  EXPECT_ERROR(dataset.masks->read(dataset.train[0], {4, 3}), DataError,
               "instances_train2017.json:7: is told to have 4 x 3 pixels");
}

TEST_F(CocoMasksFormat, ClassesMayBeChosen) {
  const auto dataset = open_dataset(folder_.path(), {.classes = "dog,cat", .val_split = "none", .test_split = "val"});
  EXPECT_THAT(dataset.classes, ElementsAre("background", "dog", "cat"));
  EXPECT_THAT(dataset.masks->read(dataset.train[0], {3, 4})->classes,
              ElementsAre(2, 1, 1, 2, 2, 2, 2, 2, 2, 0, 0, 255));
  EXPECT_ERROR(open_dataset(folder_.path(), {.classes = "dog,cta", .test_split = "val"}), DataError,
               "no category 'cta'. Did you mean 'cat'?");
}

TEST_F(CocoMasksFormat, WhatIsMissingIsOneLineEach) {
  const auto open = [&] { open_dataset(folder_.path(), {.val_split = "none", .test_split = "val"}); };
  const std::string list = kList;
  const auto changed = [&](const std::string& from, const std::string& to) {
    auto text = list;
    text.replace(text.find(from), from.size(), to);
    folder_.put("annotations/instances_train2017.json", text);
  };
  changed("\"a.jpg\"", "\"b.jpg\"");
  EXPECT_ERROR(open(), DataError, "instances_train2017.json:7: the photo b.jpg is not there");
  changed("\"category_id\": 5", "\"category_id\": 9");
  EXPECT_ERROR(open(), DataError, "instances_train2017.json:7: the category 9 is not listed");
  changed("[1, 0, 3, 0, 3, 1, 1, 1]", "[1, 0, 3]");
  EXPECT_ERROR(open(), DataError, "a polygon of 3 numbers");
  changed("\"219\"", "\"2d\"");
  EXPECT_ERROR(open(), DataError, "end in the middle of one");
  changed("\"images\"", "\"photos\"");
  EXPECT_ERROR(open(), DataError, "instances_train2017.json: is not what COCO's instances are");
}

// What people's tools write: corners in one list, a box and no mask, two corners, nothing in the segmentation, an area
// of 0 with four corners on a line.
TEST_F(CocoMasksFormat, FormsOfOtherToolsAreReadOrRefusedByPhoto) {
  const auto read = [&](const std::string& segmentation) {
    folder_.put("annotations/instances_train2017.json", fmt::format(R"({{
      "images": [{{"id": 7, "file_name": "a.jpg", "height": 3, "width": 4}}],
      "annotations": [{{"image_id": 7, "category_id": 5, "iscrowd": 0, "area": 0{}}}],
      "categories": [{{"id": 5, "name": "dog"}}, {{"id": 3, "name": "cat"}}]}})",
                                                                    segmentation));
    const auto dataset = open_dataset(folder_.path(), {.val_split = "none", .test_split = "val"});
    return dataset.masks->read(dataset.train[0], {3, 4})->classes;
  };
  const std::string expected = "instances_train2017.json:7: an annotation without a category, or whose segmentation";
  EXPECT_ERROR(read(", \"segmentation\": [0, 0, 4, 0, 4, 3]"), DataError, expected);
  EXPECT_ERROR(read(", \"bbox\": [0, 0, 2, 2]"), DataError, expected);
  EXPECT_ERROR(read(", \"segmentation\": \"219\""), DataError, expected);
  EXPECT_ERROR(read(", \"segmentation\": [[0, 0, 4, 3]]"), DataError, "a polygon of 4 numbers: expected three corners");
  const std::vector<std::uint8_t> nothing(12, 0);
  EXPECT_EQ(read(", \"segmentation\": []"), nothing);
  EXPECT_EQ(read(", \"segmentation\": [[0, 1, 0, 1, 2, 1, 2, 1]]"), nothing);
}

TEST_F(CocoMasksFormat, WhatItDoesNotKnowIsNamed) {
  const auto put = [&](const std::string& of_image, const std::string& more) {
    folder_.put("annotations/instances_train2017.json", fmt::format(R"({{
      "images": [{{"id": "7", "file_name": "a.jpg", "height": 3, "width": 4, "license": 1}}],
      "annotations": [{{{}, "category_id": 5, "area": null, "iscrowd": null, "score": 0.5,
                        "segmentation": {{"size": [3, 4], "counts": [0, 2, 10], "order": "F"}}}},
                      {{"image_id": 7, "category_id": 3, "segmentation": [[0, 0, 4, 0, 4, 3, 0, 3]]}}],
      "categories": [{{"id": 5, "name": "dog"}}, {{"id": 3, "name": "cat"}}]{}}})",
                                                                    of_image, more));
    return open_dataset(folder_.path(), {.val_split = "none", .test_split = "val"});
  };
  const auto dataset = put("\"image_id\": 7.0", ", \"scores\": [1]");
  EXPECT_THAT(dataset.notes,
              testing::Contains("instances_train2017.json: not read: annotations[].score, annotations[].segmentation"
                                ".order, scores"));
  EXPECT_THAT(dataset.masks->read(dataset.train[0], {3, 4})->classes,  // the dog has fewer pixels, and no area
              ElementsAre(2, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_ERROR(put("\"image_id\": 8", ""), DataError,
               "instances_train2017.json: an annotation is of the image 8, which is not listed");
  EXPECT_ERROR(put("\"id\": 1", ""), DataError, "an annotation is of the image (none), which is not listed");
}

TEST_F(CocoMasksFormat, RunsOfAnotherSizeAreRefused) {
  std::string list = kList;
  list.replace(list.find("[3, 4]"), 6, "[4, 3]");
  folder_.put("annotations/instances_train2017.json", list);
  EXPECT_ERROR(open_dataset(folder_.path(), {.val_split = "none", .test_split = "val"}), DataError,
               "runs of 4 x 3 pixels, and the photo is told to have 3 x 4");
}

}  // namespace
}  // namespace graft::data
