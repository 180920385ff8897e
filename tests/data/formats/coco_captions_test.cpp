#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "graft/data/dataset.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// As published: keys that change nothing, several captions a photo, line ends and blanks in captions.
constexpr const char* kTrain = R"({
  "info": {"year": 2014}, "licenses": [{"id": 1, "name": "CC"}], "type": "captions",
  "images": [{"license": 5, "file_name": "COCO_train2014_000000000009.jpg", "coco_url": "http://x", "height": 480,
              "width": 640, "date_captured": "2013-11-14", "flickr_url": "http://y", "id": 9},
             {"file_name": "COCO_train2014_000000000025.jpg", "id": 25}],
  "annotations": [{"image_id": 9, "id": 1, "caption": "Closeup of bins of food. "},
                  {"image_id": 25, "id": 2, "caption": "A giraffe\neating."},
                  {"image_id": 9, "id": 3, "caption": "A meal in blue boxes."}]})";
constexpr const char* kVal = R"({"images": [{"file_name": "COCO_val2014_000000000042.jpg", "id": 42}],
                                 "annotations": [{"image_id": 42, "caption": "Shoes and a dog."}]})";

class CocoCaptions : public ::testing::Test {
 protected:
  void put(const char* content) { folder_.put("captions.json", content); }
  Dataset open(const DatasetOptions& options = {}) const {
    return open_dataset(folder_.path(), options, {Split::train});
  }
  TempFolder folder_;
};

TEST_F(CocoCaptions, ReadEachCaptionOfEachPhotoInItsFolder) {
  folder_.put("annotations/captions_train2014.json", kTrain);
  folder_.put("annotations/captions_val2014.json", kVal);
  folder_.put("annotations/instances_train2014.json", R"({"images": [], "annotations": [], "categories": []})");
  folder_.put("train2014/COCO_train2014_000000000009.jpg", "");
  folder_.put("train2014/COCO_train2014_000000000025.jpg", "");
  folder_.put("images/val2014/COCO_val2014_000000000042.jpg", "");
  const Dataset dataset = open_dataset(folder_.path(), {.format = "coco-captions", .test_split = "val"});
  EXPECT_EQ(dataset.format, "coco-captions");
  EXPECT_EQ(dataset.target, Target::caption);
  EXPECT_THAT(dataset.notes, IsEmpty());
  ASSERT_EQ(dataset.train.size(), 3u);
  EXPECT_EQ(dataset.train[0].input, "train2014/COCO_train2014_000000000009.jpg");
  EXPECT_EQ(dataset.train[0].pair, "Closeup of bins of food.");
  EXPECT_EQ(dataset.train[1].pair, "A giraffe\neating.");
  EXPECT_EQ(dataset.train[2].input, dataset.train[0].input);
  ASSERT_EQ(dataset.test.size(), 1u);
  EXPECT_EQ(dataset.test[0].input, "images/val2014/COCO_val2014_000000000042.jpg");
  EXPECT_EQ(dataset.val, dataset.test);
}

// Photos of 2017 have no COCO_train2014_ before their numbers; a list of one year may name photos of the other set.
TEST_F(CocoCaptions, FindPhotosOfTheOtherYearAndOfTheOtherSet) {
  const auto file = folder_.put("captions_val2014.json", kVal);
  folder_.put("images/000000000042.jpg", "");
  EXPECT_EQ(open_dataset(file, {.test_split = "val"}, {Split::test}).test[0].input, "images/000000000042.jpg");
  const auto mixed = folder_.put("annotations/captions_train2014.json", kVal);
  folder_.put("val2014/COCO_val2014_000000000042.jpg", "");
  EXPECT_EQ(open_dataset(mixed, {.test_split = "train"}, {Split::test}).test[0].input,
            "val2014/COCO_val2014_000000000042.jpg");
}

TEST_F(CocoCaptions, TakeNumbersAndTextsForOneId) {
  put(R"({"images": [{"id": "000000009", "file_name": "a.jpg"}, {"id": 25.0, "file_name": "set\\b.jpg"},
                     {"id": "cat-1", "file_name": "c.jpg"}],
          "annotations": [{"image_id": 9, "caption": "one"}, {"image_id": "25", "caption": "two"},
                          {"image_id": "cat-1", "caption": "three"}]})");
  std::map<std::string, std::string> found;
  const Dataset dataset = open();
  for (const auto* split : {&dataset.train, &dataset.val, &dataset.test}) {
    for (const auto& sample : *split)
      found[sample.input] = sample.pair;
  }
  EXPECT_EQ(found, (std::map<std::string, std::string>{{"a.jpg", "one"}, {"set/b.jpg", "two"}, {"c.jpg", "three"}}));
}

TEST_F(CocoCaptions, KeepAllCaptionsOfAPhotoInOneSplitThatIsMadeUp) {
  std::string images, annotations;
  for (int i = 0; i < 40; ++i) {
    images += fmt::format(R"({}{{"id": {}, "file_name": "{}.jpg"}})", i ? "," : "", i, i);
    for (int k = 0; k < 5; ++k)
      annotations += fmt::format(R"({}{{"image_id": {}, "caption": "words {} of {}"}})", i + k ? "," : "", i, k, i);
  }
  put(fmt::format(R"({{"images": [{}], "annotations": [{}]}})", images, annotations).c_str());
  const Dataset dataset = open();
  EXPECT_EQ(dataset.train.size(), 100u);
  EXPECT_EQ(dataset.val.size(), 40u);
  EXPECT_EQ(dataset.test.size(), 60u);
  std::set<std::string> seen;
  for (const auto* split : {&dataset.train, &dataset.val, &dataset.test}) {
    std::set<std::string> own;
    for (const auto& sample : *split)
      own.insert(sample.input);
    EXPECT_EQ(own.size() * 5, split->size());
    seen.insert(own.begin(), own.end());
  }
  EXPECT_EQ(seen.size(), 40u);
}

TEST_F(CocoCaptions, NoteWhatIsLeftAndWhatStandsTwice) {
  put(R"({"images": [{"id": 1, "file_name": "a.jpg", "split": "train"}, {"id": 1, "file_name": "a.jpg"},
                     {"id": 2, "file_name": "b.jpg"}, {"id": 3, "file_name": "c.jpg"}, {"id": 4, "file_name": "d.jpg"}],
          "annotations": [{"image_id": 1, "caption": "one", "tokens": ["one"]}, {"image_id": 1, "caption": "one"},
                          {"image_id": 2, "caption": "two"}, {"image_id": 4, "caption": "four"}],
          "version": "2.0"})");
  EXPECT_THAT(open().notes,
              ElementsAre("captions.json: not read: annotations[].tokens, images[].split, version",
                          "captions.json: 1 photos are listed twice, with one file",
                          "captions.json: 1 photos have no caption, and are left",
                          HasSubstr("1 captions stand there already for their photo, word for word (captions.json, "
                                    "annotation 1)")));
}

TEST_F(CocoCaptions, SayWhatIsWrongAndWhere) {
  const auto expect = [&](const char* content, const char* part) {
    put(content);
    EXPECT_ERROR(open(), DataError, part);
  };
  expect(R"({"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"image_id": 1, "bbox": [0, 0, 1, 1]}]})",
         "its annotations are of objects ('bbox'). Expected COCO's captions");
  expect(R"({"images": [{"id": 1, "file_name": "a.jpg"}], "categories": []})",
         "it has no 'annotations', as lists of test photos (image_info) are published");
  expect(R"({"images": [{"sentids": [1], "filename": "a.jpg", "sentences": [{"raw": "A cat."}]}], "dataset": "coco"})",
         "it is a file of Karpathy's splits, whose captions are in 'sentences'");
  expect(R"([{"image_id": 391895, "caption": "Man riding a motor bike."}])",
         "is a list, as results of captioning and other programs' copies are");
  expect(R"({"photos": []})", "expected the lists 'images' and 'annotations'");
  expect(R"({"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"image_id": 7, "caption": "a cat"}]})",
         "captions.json, annotation 0: no image has the id 7");
  expect(R"({"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"image_id": 1, "caption": " "}]})",
         "annotation 0: the caption of 'a.jpg' is empty");
  expect(R"({"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"image_id": 1, "caption": ["a", "b"]}]})",
         "annotation 0: expected an image_id and a caption, a text");
  expect(R"({"images": [{"id": 1, "file_name": "a.jpg"}, {"id": "1", "file_name": "b.jpg"}],
             "annotations": [{"image_id": 1, "caption": "a cat"}]})",
         "image 1: the id 1 is 'b.jpg' here and 'a.jpg' before");
  expect(R"({"images": [{"id": 1, "coco_url": "http://x"}], "annotations": [{"image_id": 1, "caption": "a cat"}]})",
         "image 0: expected an id and a file_name");
  put(R"({"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"image_id": 1, "caption": "Two men, o)");
  EXPECT_ERROR(open(), FileError, "captions.json: no JSON from line 1 on. Is the file whole?");
}

TEST_F(CocoCaptions, RefuseOptionsOfOtherData) {
  put(kVal);
  EXPECT_ERROR(open({.target = Target::label}), DataError, "--label-kind label: here a caption is told of each photo");
  EXPECT_ERROR(open({.caption_column = "text"}), DataError, "--caption-column text: is of tables");
}

}  // namespace
}  // namespace graft::data
