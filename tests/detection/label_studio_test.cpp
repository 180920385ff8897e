// Label Studio's exports as it writes them, and results that are amiss.
#include "graft/core/error.h"
#include "tests/detection/read_case.h"

namespace graft::detection {
namespace {

using LabelStudio = ReadCase;

std::string result(const std::string& value, const std::string& type = "rectanglelabels") {
  return R"({"original_width": 200, "original_height": 100, "type": ")" + type + R"(", "value": )" + value + "}";
}
std::string task(const std::string& image, const std::string& results) {
  return R"({"id": 17, "data": {"image": ")" + image + R"("}, "annotations": [{"was_cancelled": false, "result": [)" +
         results + "]}]}";
}

TEST_F(LabelStudio, IsReadFromPercent) {
  folder_.put("e.json", "[" +
                            task("/data/local-files/?d=a%20b/c.jpg",
                                 result(R"({"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0,
                                              "rectanglelabels": ["cat", "pet"]})") +
                                     "," +
                                     result(R"({"points": [[0, 0], [50, 0], [50, 50]], "polygonlabels": ["dog"]})",
                                            "polygonlabels") +
                                     "," + result(R"({"choices": ["day"]})", "choices")) +
                            "]");
  const Set set = read("e.json");
  EXPECT_EQ(set.images.at(0).file, "a b/c.jpg");
  EXPECT_EQ(set.images[0].id, 17);
  ASSERT_EQ(set.annotations.size(), 3u);
  EXPECT_EQ(set.annotations[0].box, (Box{20, 20, 60, 40}));
  EXPECT_EQ(class_of(set, 1), "pet");
  EXPECT_EQ(set.annotations[2].area, 2500);
  EXPECT_EQ(count("result-unread"), 1u);
}

TEST_F(LabelStudio, OfTheSmallExportHasItsResultsInTheTask) {
  folder_.put("min.json", R"([{"image": "https://host/x/y.jpg", "id": 3, "annotator": 1, "label":
     [{"x": 50, "y": 0, "width": 50, "height": 100, "rotation": 0, "rectanglelabels": ["cat"],
       "original_width": 200, "original_height": 100}]}])");
  const Set set = read("min.json");
  EXPECT_EQ(set.images.at(0).file, "y.jpg");
  EXPECT_EQ(set.annotations.at(0).box, (Box{100, 0, 100, 100}));
}

TEST_F(LabelStudio, NamesWhatItDoesNotLookAt) {
  folder_.put("e.json",
              R"([{"id": 1, "data": {"image": "a.jpg"}, "predictions": [{"result": []}], "drafts": [], "wild": 1,
     "completions": [{"mood": 2, "result": [{"type": "rectanglelabels", "original_width": 10, "original_height": 10,
       "value": {"x": 0, "y": 0, "width": 50, "height": 50, "depth": 3, "rectanglelabels": ["cat"]}, "group": 7}]},
       {"result": 5}]}])");
  EXPECT_EQ(read("e.json").annotations.size(), 1u);
  EXPECT_THAT(findings_.kinds().at("unread-keys").examples,
              ::testing::ElementsAre(
                  "[].wild is not looked at (1 time)", "annotations[].mood is not looked at (1 time)",
                  "result[].group is not looked at (1 time)", "result[].value.depth is not looked at (1 time)"));
  EXPECT_EQ(example("guesses-unread"), "[0]: its predictions are not read, only annotations are");
  EXPECT_EQ(count("guesses-unread"), 1u);
  EXPECT_EQ(count("annotation-form"), 1u);
}

TEST_F(LabelStudio, ABoxThatIsTurnedIsTheOneRoundIt) {
  folder_.put("e.json", "[" + task("a.jpg", result(R"({"x": 50, "y": 50, "width": 10, "height": 10, "rotation": 90,
                                                       "rectanglelabels": ["cat"]})")) +
                            "]");
  const Set set = read("e.json");
  const Box& box = set.annotations.at(0).box;  // 20 x 10 pixels, round (100, 50)
  EXPECT_NEAR(box.x, 90, 1e-9);
  EXPECT_NEAR(box.y, 50, 1e-9);
  EXPECT_NEAR(box.width, 10, 1e-9);
  EXPECT_NEAR(box.height, 20, 1e-9);
  EXPECT_EQ(count("box-turned"), 1u);
}

TEST_F(LabelStudio, WhatIsAmissIsLeftOutByTask) {
  const std::string good = R"({"x": 1, "y": 1, "width": 1, "height": 1, "rectanglelabels": ["cat"]})";
  folder_.put(
      "e.json",
      "[" +
          task("a.jpg", result(R"({"x": 1, "rectanglelabels": ["cat"]})") + "," + result(good) + "," +
                            result(R"({"points": [[1, 2]], "polygonlabels": ["cat"]})") + "," +
                            result(R"({"polygonlabels": ["cat"]})") + "," + R"({"type": "rectanglelabels", "value": )" +
                            good + "}," +
                            result(R"({"x": 1, "y": 1, "width": 400, "height": 1, "rectanglelabels": ["cat"]})")) +
          R"(, 5, {"data": {"text": "hello"}, "annotations": []}, {"data": {"image": "n.jpg"}},
                     {"data": {"image": "m.jpg"}, "annotations": [{"was_cancelled": true, "result": []},
                       {"result": []}, {"result": []}]}, )" +
          task("a.jpg", result(good)));
  const Set set = read("e.json");
  EXPECT_EQ(set.annotations.size(), 3u);
  EXPECT_EQ(count("value-form"), 3u);
  EXPECT_EQ(count("size-form"), 1u);
  EXPECT_EQ(count("not-percent"), 1u);
  EXPECT_EQ(example("not-json"), "[1]: expected an object");
  EXPECT_EQ(count("field-missing"), 1u);
  EXPECT_EQ(count("unlabelled"), 1u);
  EXPECT_EQ(count("several-annotators"), 1u);
  EXPECT_EQ(count("image-again"), 1u);
  EXPECT_EQ(count("broken-file"), 1u);
}

}  // namespace
}  // namespace graft::detection
