// COCO's captions: read among an image's other keys, written as annotations, and told from lists of boxes.
#include "graft/core/error.h"
#include "tests/detection/read_case.h"

namespace graft::detection {
namespace {

using ::testing::HasSubstr;
using Captions = ReadCase;

constexpr const char* kTwo = R"({"info": {"year": 2014}, "images": [
  {"id": 9, "file_name": "a.jpg", "width": 64, "height": 48, "license": 3}, {"id": 4, "file_name": "b.jpg"}],
 "annotations": [{"image_id": 9, "id": 48, "caption": "A cat \"sits\"."}, {"image_id": 4, "id": 49, "caption": "B", "mood": 1},
  {"image_id": 9, "id": 50, "caption": "Again"}]})";

TEST_F(Captions, AreOtherKeysOfTheirImages) {
  folder_.put("captions_val2014.json", kTwo);
  const Set set = read("captions_val2014.json");
  EXPECT_EQ(set.sources.at(0).format, "captions");
  ASSERT_EQ(set.images.size(), 2u);
  EXPECT_EQ(set.carried->at(set.images[0].rest),
            R"("license":3,"captions":[{"id":48,"caption":"A cat \"sits\"."},{"id":50,"caption":"Again"}])");
  EXPECT_EQ(set.carried->at(set.images[1].rest), R"("captions":[{"id":49,"caption":"B","mood":1}])");
  EXPECT_EQ(set.images[0].known, ClassSets::kEmpty);
  EXPECT_TRUE(set.annotations.empty());
  EXPECT_EQ(example("carried-keys"), "annotations[].mood is carried and changes nothing (1 time)");
  EXPECT_EQ(left_out(), 0u);
}

TEST_F(Captions, AreWrittenAsAnnotationsAndThroughBoxes) {
  folder_.put("captions.json", kTwo);
  const Set set = read("captions.json");
  EXPECT_TRUE(find_format("captions").write(set, folder_ / "again.json").empty());
  const auto text = content_of(folder_ / "again.json");
  EXPECT_THAT(text, HasSubstr(R"({"image_id":9,"id":48,"caption":"A cat \"sits\"."},)"));
  EXPECT_THAT(text, HasSubstr(R"({"id":9,"file_name":"a.jpg","width":64,"height":48,"license":3})"));
  EXPECT_EQ(place_of(folder_ / "again.json").format.name, "captions");
  // Instances with captions among an image's keys keep them on the way.
  find_format("coco").write(set, folder_ / "boxes.json");
  EXPECT_EQ(place_of(folder_ / "boxes.json").format.name, "coco");
  find_format("captions").write(read("boxes.json"), folder_ / "back.json");
  EXPECT_EQ(content_of(folder_ / "back.json"), text);
}

TEST_F(Captions, ThatAreAmissAreLeftOut) {
  folder_.put("captions.json", R"({"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [
    {"image_id": 1, "id": 1, "caption": "good"}, {"image_id": 1, "id": 2}, {"id": 3, "caption": "x"},
    {"image_id": 1, "id": 4, "caption": 5}, {"image_id": 7, "id": 5, "caption": "x"}, 6,
    {"image_id": 1, "id": 7, "caption": "cut)");
  const Set set = read("captions.json");
  EXPECT_EQ(set.carried->at(set.images.at(0).rest), R"("captions":[{"id":1,"caption":"good"}])");
  EXPECT_EQ(count("field-missing"), 2u);
  EXPECT_EQ(count("caption-form"), 1u);
  EXPECT_EQ(example("unknown-image"), "annotations[4]: image 7 is not there");
  EXPECT_EQ(count("not-an-object"), 1u);
  EXPECT_EQ(count("broken-file"), 1u);
}

TEST_F(Captions, ReadAsBoxesAreNamed) {
  folder_.put("texts.json", R"({"images": [{"id": 1, "file_name": "a.jpg"}], "categories": [], "annotations": [
    {"image_id": 1, "id": 1, "caption": "good"}]})");
  read("texts.json");
  EXPECT_THAT(example("field-missing"), HasSubstr("a caption: --format captions reads those"));
}

}  // namespace
}  // namespace graft::detection
