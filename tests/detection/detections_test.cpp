#include "graft/detection/detections.h"

#include <gmock/gmock.h>

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

}  // namespace
}  // namespace graft::detection
