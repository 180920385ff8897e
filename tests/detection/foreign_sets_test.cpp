// The same two photos and three boxes as other tools write them (tests/golden/make/detection_sets.py,
// detection_fiftyone.py).
#include "graft/core/error.h"
#include "tests/detection/read_case.h"
#include "tests/support/source_dir.h"

#include <map>
#include <set>
#include <tuple>

namespace graft::detection {
namespace {

using Row = std::tuple<std::string, std::string, double, double, double, double>;

class ForeignSets : public ReadCase {
 protected:
  ForeignSets() {
    for (const char* name : {"a.jpg", "b.jpg", "c.jpg", "train/a.jpg", "train/b.jpg", "val/b.jpg", "val/c.jpg"})
      put_png(name, 60, 40);
  }
  // With names of photos without folders: some tools have them, others not.
  std::set<Row> rows(const std::string& path) {
    const auto set =
        read_set(source_dir() / "tests/golden/detection" / path, findings_, "", {.images = folder_.path()});
    std::set<Row> rows;
    for (const Annotation& annotation : set.annotations) {
      const auto& file = set.images[annotation.image].file;
      const auto rounded = [](double value) { return std::round(value * 100) / 100; };  // YOLO's six digits
      const Box& box = annotation.box;
      rows.emplace(file.substr(file.rfind('/') + 1), set.categories[annotation.category].name, rounded(box.x),
                   rounded(box.y), rounded(box.width), rounded(box.height));
    }
    formats_[path] = set.sources.at(0).format;
    return rows;
  }
  const Row a1 = {"a.jpg", "cat", 10, 5, 20.5, 10}, a2 = {"a.jpg", "dog", 0, 0, 60, 40},
            b1 = {"b.jpg", "cat", 30, 20, 12, 6}, outlined = {"a.jpg", "dog", 1, 1, 20, 10};
  std::map<std::string, std::string> formats_;
};

TEST_F(ForeignSets, OfDatumaroAreTheSameBoxes) {
  EXPECT_EQ(rows("coco_instances/annotations/instances_train.json"), (std::set<Row>{a1, a2}));
  EXPECT_EQ(rows("coco_instances/annotations/instances_val.json"), (std::set<Row>{b1}));
  EXPECT_EQ(rows("voc_detection"), (std::set<Row>{a1, a2, b1}));
  EXPECT_EQ(count("xml-missing"), 1u);
  EXPECT_EQ(rows("yolo_ultralytics"), (std::set<Row>{a1, a2, b1}));
  EXPECT_EQ(rows("yolo"), (std::set<Row>{a1, a2, b1}));
  EXPECT_EQ(rows("cvat/train.xml"), (std::set<Row>{a1, a2}));
  EXPECT_EQ(rows("cvat_outlined/train.xml"), (std::set<Row>{outlined}));
  EXPECT_EQ(rows("open_images"), (std::set<Row>{a1, a2, b1}));
  EXPECT_EQ(left_out(), 0u);
  EXPECT_EQ(formats_["open_images"], "openimages");
  EXPECT_EQ(formats_["voc_detection"], "voc");
}

TEST_F(ForeignSets, OfLabelStudiosConverterAreTheSameBoxes) {
  EXPECT_EQ(rows("label_studio.json"), (std::set<Row>{a1, a2}));
  EXPECT_EQ(left_out(), 0u);
}

// FiftyOne's exports are folders, told by what lies in them; its corners in VOC are whole pixels.
TEST_F(ForeignSets, OfFiftyOneAreTheSameBoxes) {
  EXPECT_EQ(rows("fiftyone_coco"), (std::set<Row>{a1, a2, b1}));
  EXPECT_EQ(rows("fiftyone_cvat"), (std::set<Row>{Row{"a.jpg", "cat", 10, 5, 20, 10}, a2, b1}));
  EXPECT_EQ(rows("fiftyone_voc"), (std::set<Row>{Row{"a.jpg", "cat", 10, 5, 20, 10}, a2, b1}));
  EXPECT_EQ(rows("fiftyone_yolo"), (std::set<Row>{a1, a2, b1}));
  EXPECT_EQ(left_out(), 0u);
}

TEST_F(ForeignSets, TwoInOneFolderAreNotChosenBetween) {
  for (const char* name : {"train.json", "val.json"})
    folder_.put(name, R"({"images": [], "annotations": [], "categories": []})");
  EXPECT_THAT([&] { read(""); },
              testing::ThrowsMessage<DataError>(testing::HasSubstr("holds 2 sets, train.json, val.json")));
}

}  // namespace
}  // namespace graft::detection
