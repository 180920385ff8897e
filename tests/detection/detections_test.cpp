#include "graft/detection/detections.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

#include "graft/core/read_file.h"
#include "graft/detection/format.h"
#include "tests/support/temp_folder.h"

namespace graft::detection {
namespace {

TEST(Detections, AreReadAgainstASetAndWrittenAgain) {
  TempFolder folder;
  Set set;
  set.images.resize(2);
  set.images[0].id = 42;
  set.images[1].id = 7;
  set.categories.resize(1);
  set.categories[0].id = 18;
  Findings findings;
  const auto detections = read_detections(folder.put("d.json", R"([
    {"image_id": 7, "category_id": 18, "bbox": [258.15, 41.29, 348.26, 243.78], "score": 0.236},
    {"image_id": 42, "category_id": 18, "segmentation": {"size": [2, 2], "counts": "04"}, "score": 1},
    {"image_id": 8, "category_id": 18, "bbox": [0, 0, 1, 1], "score": 0.5},
    {"image_id": 7, "category_id": 18, "bbox": [0, 0, 1, 1]}])"),
                                          set, findings);
  ASSERT_EQ(detections.detections.size(), 2u);
  EXPECT_EQ(detections.detections[0].image, 1u);
  EXPECT_EQ(detections.detections[0].box, (Box{258.15, 41.29, 348.26, 243.78}));
  EXPECT_EQ(detections.carried->at(detections.detections[1].shape), R"({"size": [2, 2], "counts": "04"})");
  EXPECT_EQ(findings.kinds().at("unknown-image").examples.front(), "[2]: image 8 is not in the ground truth");
  EXPECT_EQ(findings.kinds().at("field-missing").examples.front(), "[3]: no score");
  write_detections(folder / "w.json", set, detections);
  EXPECT_THAT(
      read_file("test", folder / "w.json"),
      ::testing::HasSubstr(R"({"image_id":7,"category_id":18,"bbox":[258.15,41.29,348.26,243.78],"score":0.236})"));
}

class Suspicions : public ::testing::Test {
 protected:
  Suspicions() {
    set_.images.resize(1);
    set_.images[0].id = 1;
    set_.images[0].width = 640;
    set_.images[0].height = 480;
    for (const int id : {1, 2, 13})
      set_.categories.emplace_back().id = id;
  }
  // Six boxes of 100 x 80 along a line, each as `form` writes its x, y.
  std::vector<std::string> of(const std::function<std::string(int x, int y)>& form,
                              const std::vector<int>& categories) {
    std::string text = "[";
    for (int k = 0; k < 6; ++k)
      text += fmt::format(R"({}{{"image_id":1,"category_id":{},"bbox":[{}],"score":0.5}})", k > 0 ? "," : "",
                          categories[static_cast<std::size_t>(k) % categories.size()], form(90 * k, 80 * k));
    Findings findings;
    read_detections(folder_.put("d.json", text + "]"), set_, findings);
    std::vector<std::string> kinds;
    for (const auto& [kind, finding] : findings.kinds())
      if (finding.severity == Severity::suspicion) kinds.push_back(kind);
    return kinds;
  }
  static std::string pixels(int x, int y) { return fmt::format("{},{},100,80", x, y); }
  TempFolder folder_;
  Set set_;
};

TEST_F(Suspicions, OfTwoCornersAndOfSharesAreTold) {
  EXPECT_THAT(of(pixels, {1}), ::testing::IsEmpty());
  EXPECT_THAT(of([](int x, int y) { return fmt::format("{},{},{},{}", x, y, x + 100, y + 80); }, {1}),
              ::testing::ElementsAre("boxes-xyxy"));
  EXPECT_THAT(of([](int x, int y) { return fmt::format("{},{},0.15,0.16", x / 640.0, y / 480.0); }, {1}),
              ::testing::ElementsAre("boxes-normalised"));
}

TEST_F(Suspicions, OfPlacesInTheListOfClassesAreTold) {
  EXPECT_THAT(of(pixels, {0, 1, 2}), ::testing::ElementsAre("categories-are-places"));
  EXPECT_THAT(of(pixels, {1, 2, 3}), ::testing::ElementsAre("categories-are-places"));
  EXPECT_THAT(of(pixels, {1, 2, 13}), ::testing::IsEmpty());
  EXPECT_THAT(of(pixels, {1, 2, 90}), ::testing::IsEmpty());  // unknown, and no place
}

}  // namespace
}  // namespace graft::detection
