// COCO's lists read and written, and what is said of those that are amiss.
#include <gmock/gmock.h>

#include <string>

#include "graft/core/error.h"
#include "graft/core/read_file.h"
#include "graft/detection/format.h"
#include "tests/support/temp_folder.h"

namespace graft::detection {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Coco : public ::testing::Test {
 protected:
  Set read(const std::string& text) { return read_set(folder_.put("set.json", text), findings_); }
  std::size_t count(std::string_view kind) {
    const auto found = findings_.kinds().find(kind);
    return found == findings_.kinds().end() ? 0 : found->second.count;
  }
  std::string example(std::string_view kind) {
    const auto found = findings_.kinds().find(kind);
    return found == findings_.kinds().end() ? "none" : found->second.examples.front();
  }
  std::string written(const Set& set, const std::string& name = "written.json") {
    find_format("coco").write(set, folder_ / name);
    return read_file("test", folder_ / name);
  }
  TempFolder folder_;
  Findings findings_;
};

const std::string kSmall = R"({"info": {"year": 2017}, "licenses": [{"id": 1}, {"id": 2}], "videos": [],
 "annotations": [
  {"id": 9, "image_id": 42, "category_id": 18, "bbox": [1.5, 2, 30.25, 40], "area": 700.5, "iscrowd": 0,
   "segmentation": [[1.5, 2.0, 31, 2, 31, 42]], "keypoints": [1, 2, 2]},
  {"id": 10, "image_id": 7, "category_id": 1, "bbox": [0, 0, 5, 5], "area": 25, "iscrowd": 1,
   "segmentation": {"size": [10, 10], "counts": "04j2"}}],
 "images": [{"id": 42, "file_name": "a\\b.jpg", "width": 64, "height": 48, "date_captured": "x"},
            {"id": 7, "file_name": "c.jpg", "width": 10, "height": 10}],
 "categories": [{"id": 1, "name": "person", "supercategory": "person", "skeleton": [[1, 2]]},
                {"id": 18, "name": "dog \"big\" é"}]})";

TEST_F(Coco, IsReadWhateverTheOrderOfItsLists) {
  const Set set = read(kSmall);
  ASSERT_EQ(set.annotations.size(), 2u);
  EXPECT_EQ(set.images[set.annotations[0].image].file, "a/b.jpg");
  EXPECT_EQ(set.categories[set.annotations[0].category].name, "dog \"big\" é");
  EXPECT_EQ(set.annotations[0].box, (Box{1.5, 2, 30.25, 40}));
  EXPECT_EQ(set.annotations[0].area, 700.5);
  EXPECT_TRUE(set.annotations[1].crowd);
  EXPECT_FALSE(set.federated());
  EXPECT_EQ(findings_.total(Severity::left_out), 0u);
  EXPECT_EQ(count("carried-keys"), 3u);  // keypoints, date_captured, skeleton
  EXPECT_EQ(example("carried-keys"), "annotations[].keypoints is carried and changes nothing (1 time)");
}

TEST_F(Coco, IsWrittenWithAllThatItCarriedAndTheSameBytesEachTime) {
  const auto first = written(read(kSmall));
  for (const auto* carried :
       {"\"info\":{\"year\": 2017}", "\"licenses\":[{\"id\": 1},{\"id\": 2}]", "\"keypoints\":[1, 2, 2]",
        "\"segmentation\":[[1.5, 2.0, 31, 2, 31, 42]]", "\"skeleton\":[[1, 2]]", "\"date_captured\":\"x\"",
        R"("name":"dog \"big\" é")", "\"bbox\":[1.5,2,30.25,40],\"area\":700.5,\"iscrowd\":0"})
    EXPECT_THAT(first, HasSubstr(carried));
  EXPECT_EQ(written(read(first), "again.json"), first);
}

TEST_F(Coco, OfLvisKnowsWhatWasLookedFor) {
  const Set set = read(R"({"images": [
     {"id": 1, "coco_url": "http://images/val2017/000000000001.jpg", "width": 9, "height": 9,
      "neg_category_ids": [3], "not_exhaustive_category_ids": [2]}],
   "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2], "area": 4}],
   "categories": [{"id": 1, "name": "oven", "synset": "oven.n.01", "synonyms": ["oven", "cooker"], "frequency": "c"},
                  {"id": 2, "name": "bow"}, {"id": 3, "name": "bun"}, {"id": 4, "name": "cup"}]})");
  ASSERT_TRUE(set.federated());
  EXPECT_EQ(set.images[0].file, "000000000001.jpg");
  EXPECT_THAT(set.class_sets.at(set.images[0].known), ElementsAre(0, 1, 2));
  EXPECT_THAT(set.class_sets.at(set.images[0].open), ElementsAre(1));
  EXPECT_EQ(set.sources[0].format, "lvis");
  EXPECT_THAT(written(set), HasSubstr("\"neg_category_ids\":[3],\"not_exhaustive_category_ids\":[2]"));
}

TEST_F(Coco, ARecordThatIsAmissIsLeftOutAndTheRestIsRead) {
  const Set set = read(R"({"categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}],
   "images": [{"id": 1, "width": 5, "height": 5}, {"width": 5}, {"id": 2, "width": -5}, 17],
   "annotations": [
    {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "area": 1},
    {"id": 2, "image_id": 9, "category_id": 1, "bbox": [0, 0, 1, 1], "area": 1},
    {"id": 3, "image_id": 1, "category_id": 9, "bbox": [0, 0, 1, 1], "area": 1},
    {"id": 4, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1], "area": 1},
    {"id": 5, "image_id": 1, "category_id": 1, "area": 1},
    {"id": 6, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, NaN], "area": 1},
    {"id": 7, "image_id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "area": 1},
    {"id": 8, "image_id": 1, "category_id": 1, "bbox": [0, 0, 2, 3]},
    {"id": 8, "image_id": "1", "category_id": 1.0, "bbox": [0, 0, 2, 3], "area": 6, "iscrowd": null}]})");
  EXPECT_EQ(set.annotations.size(), 3u);
  EXPECT_EQ(example("unknown-image"), "annotations[1]: image 9 is not there");
  EXPECT_EQ(example("unknown-category"), "annotations[2]: category 9 is not there");
  EXPECT_THAT(example("bbox-form"), HasSubstr("'bbox' is [0, 0, 1], expected four numbers"));
  EXPECT_EQ(example("field-missing"), "annotations[4]: no bbox");
  EXPECT_THAT(example("not-finite"), HasSubstr("annotations[5]"));
  EXPECT_THAT(example("duplicate-key"), HasSubstr("'image_id' is there twice"));
  EXPECT_EQ(set.annotations[1].area, 6);
  EXPECT_EQ(count("area-missing"), 1u);
  EXPECT_EQ(count("id-digits"), 1u);
  EXPECT_EQ(count("duplicate-annotation-id"), 1u);
  EXPECT_EQ(count("duplicate-category-id"), 1u);
  EXPECT_EQ(count("id-missing"), 1u);
  EXPECT_EQ(count("width-form"), 1u);
  EXPECT_EQ(count("not-an-object"), 1u);
  EXPECT_THROW(findings_.refuse("set.json"), DataError);
}

TEST_F(Coco, IdsThatAreTextsAreNumbered) {
  const Set set = read(R"({"categories": [{"id": 3, "name": "a"}],
   "images": [{"id": "00a1"}, {"id": 5}, {"id": "00b2"}],
   "annotations": [{"id": 1, "image_id": "00b2", "category_id": 3, "bbox": [0, 0, 1, 1], "area": 1}]})");
  EXPECT_EQ(set.images[0].id, 6);
  EXPECT_EQ(set.images[2].id, 7);
  EXPECT_EQ(set.annotations[0].image, 2u);
  EXPECT_EQ(example("id-text"), "the image '00a1' is numbered 6");
}

TEST_F(Coco, ATruncatedFileIsReadAsFarAsItGoes) {
  const Set set = read(kSmall.substr(0, kSmall.find("{\"id\": 7, \"file_name\"")));
  EXPECT_EQ(set.images.size(), 1u);
  EXPECT_THAT(example("broken-file"), HasSubstr("ends too soon. Is the file truncated?"));
  EXPECT_THROW(read("{\"images\": ["), FileError);
}

TEST_F(Coco, OtherJsonIsRefusedByWhatItIs) {
  EXPECT_THROW(read("[{\"image_id\": 1}]"), DataError);
  EXPECT_THROW(read("{\"annotations\": []}"), DataError);
  EXPECT_THROW(read("{\"images\": {}}"), DataError);
}

}  // namespace
}  // namespace graft::detection
