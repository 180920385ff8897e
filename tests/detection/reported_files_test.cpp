// Files as people reported them to other tools' trackers, which failed on them or read them wrongly; each test says
// where. They are small files of the same kind, not theirs.
#include "graft/core/error.h"
#include "graft/detection/check.h"
#include "tests/detection/read_case.h"

namespace graft::detection {
namespace {

using ::testing::HasSubstr;

class ReportedFiles : public ReadCase {
 protected:
  Set coco(const std::string& annotations, const std::string& image = R"("file_name": "a.jpg")") {
    folder_.put("a.json", R"({"images": [{"id": 1, "width": 100, "height": 50, )" + image +
                              R"(}], "categories": [{"id": 1, "name": "cat", "supercategory": null}],
                              "annotations": [)" +
                              annotations + "]}");
    return read("a.json");
  }
};

// voxel51/fiftyone#1523: null where a text may be, an empty segmentation, no area.
TEST_F(ReportedFiles, NullAndAnEmptySegmentationAreNothing) {
  const Set set = coco(R"({"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "segmentation": []})",
                       R"("file_name": "/path/to/a.jpg", "license": null, "coco_url": null)");
  ASSERT_EQ(set.annotations.size(), 1u);
  EXPECT_EQ(set.annotations[0].shape, kNoText);
  EXPECT_EQ(set.annotations[0].area, 12);
  EXPECT_EQ(count("area-missing"), 1u);
  EXPECT_EQ(left_out(), 0u);
  check(set, findings_);
  EXPECT_EQ(count("file-elsewhere"), 1u);
}

// voxel51/fiftyone#1472: ids of 63 bits; one bit more is told. voxel51/fiftyone#4293: a class id of 74673216 is one
// class.
TEST_F(ReportedFiles, IdsMayBeLarge) {
  folder_.put("a.json", R"({"images": [{"id": 7706992903151817196, "file_name": "a.jpg", "width": 9, "height": 9}],
    "categories": [{"id": 74673216, "name": "Solar Panel"}], "annotations": [
     {"id": 9223372036854775807, "image_id": 7706992903151817196, "category_id": 74673216, "bbox": [1, 2, 3, 4], "area": 12},
     {"id": 18446744073709551615, "image_id": 7706992903151817196, "category_id": 74673216, "bbox": [1, 2, 3, 4], "area": 12}]})");
  const Set set = read("a.json");
  EXPECT_EQ(set.categories.size(), 1u);
  ASSERT_EQ(set.annotations.size(), 1u);
  EXPECT_EQ(set.images[0].id, 7706992903151817196);
  EXPECT_EQ(set.annotations[0].id, 9223372036854775807);
  EXPECT_THAT(example("id-form"), HasSubstr("annotations[1]"));
}

// Kitware/dive#1675: objects with an outline or runs and no bbox.
TEST_F(ReportedFiles, AnObjectWithoutBboxHasItsShapes) {
  const Set set =
      coco(R"({"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[10, 10, 30, 10, 30, 20]], "area": 100},
    {"id": 2, "image_id": 1, "category_id": 1, "segmentation": {"size": [50, 100], "counts": [0, 50, 4950]}, "area": 50},
    {"id": 3, "image_id": 1, "category_id": 1, "bbox": null, "segmentation": []})");
  ASSERT_EQ(set.annotations.size(), 2u);
  EXPECT_EQ(set.annotations[0].box, (Box{10, 10, 20, 10}));
  EXPECT_EQ(set.annotations[1].box, (Box{0, 0, 1, 50}));
  EXPECT_EQ(count("box-missing"), 2u);
  EXPECT_THAT(example("field-missing"), HasSubstr("no bbox"));
}

// cocodataset/cocoapi#348 and #159: a polygon of two points among others, on which pycocotools fails.
// roboflow/supervision#1086: an empty one.
TEST_F(ReportedFiles, PolygonsThatAreNoneGoAndTheOthersStay) {
  Set set = coco(R"({"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 10], "area": 100, "iscrowd": 0,
    "segmentation": [[25, 12, 25, 15], [10, 10, 30, 10, 30, 20], []]})");
  check(set, findings_);
  EXPECT_THAT(example("shape-form"), HasSubstr("polygon 1 has 4 numbers"));
  mend(set);
  EXPECT_EQ(set.carried->at(set.annotations.at(0).shape), "[[10,10,30,10,30,20]]");
}

// cvat-ai/cvat#9460: runs that are more than the image. cvat-ai/cvat#6014: runs as a list without their size.
TEST_F(ReportedFiles, RunsThatAreNotTheImagesPixelsAreWrong) {
  Set set = coco(R"({"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 50], "area": 500,
     "segmentation": {"size": [50, 100], "counts": [0, 500, 4600]}},
    {"id": 2, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 49], "area": 490, "segmentation": [0, 490, 4510]},
    {"id": 3, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 48], "area": 480,
     "segmentation": {"size": [50, 100], "counts": [0, 480, 4520]}})");
  check(set, findings_);
  EXPECT_EQ(count("shape-form"), 2u);
  EXPECT_THAT(example("shape-form"), HasSubstr("its runs are not its pixels together"));
  mend(set);
  ASSERT_EQ(set.annotations.size(), 3u);
  EXPECT_EQ(set.annotations[0].shape, kNoText);
  EXPECT_NE(set.annotations[2].shape, kNoText);
}

// cvat-ai/cvat#4745 and #6785: boxes that are turned, in CVAT's COCO, its VOC and its own XML.
TEST_F(ReportedFiles, TurnedBoxesAreTold) {
  coco(R"({"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 4], "area": 120,
           "attributes": {"occluded": false, "rotation": 30.5}},
          {"id": 2, "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 5], "area": 150,
           "attributes": {"occluded": false, "rotation": 0.0}})");
  EXPECT_EQ(count("box-turned"), 1u);
  folder_.put("a.xml", R"(<annotation><filename>a.jpg</filename><size><width>100</width><height>50</height></size>
    <object><name>cat</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox><attributes>
    <attribute><name>rotation</name><value>30.5</value></attribute><attribute><name>age</name><value>3</value></attribute>
    </attributes></object></annotation>)");
  const Set voc = read("a.xml");
  EXPECT_EQ(count("box-turned"), 2u);
  EXPECT_EQ(voc.carried->at(voc.annotations.at(0).rest), R"("attributes":{"rotation":"30.5","age":"3"})");
  folder_.put("c.xml", R"(<annotations><image id="0" name="a.jpg" width="100" height="50">
    <box label="cat" xtl="40" ytl="20" xbr="60" ybr="30" rotation="90.0"/>
    <ellipse label="cat" cx="50" cy="25" rx="20" ry="10"/></image></annotations>)");
  const Set cvat = read("c.xml");
  ASSERT_EQ(cvat.annotations.size(), 2u);
  EXPECT_NEAR(cvat.annotations[0].box.x, 45, 1e-9);  // round its middle (50, 25), 10 wide and 20 high
  EXPECT_NEAR(cvat.annotations[0].box.y, 15, 1e-9);
  EXPECT_NEAR(cvat.annotations[0].box.height, 20, 1e-9);
  EXPECT_EQ(cvat.annotations[1].box, (Box{30, 15, 40, 20}));
  EXPECT_EQ(count("box-turned"), 3u);
  EXPECT_EQ(count("ellipse-box"), 1u);
}

// facebookresearch/detectron2#946 and #5335: no categories at all. sartorius-research/LIVECell#23: annotations by id.
TEST_F(ReportedFiles, AFileWithoutCategoriesIsToldOnce) {
  folder_.put("a.json", R"({"images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "area": 12}]})");
  EXPECT_EQ(read("a.json").annotations.size(), 0u);
  EXPECT_EQ(count("categories-missing"), 1u);
  folder_.put("b.json", R"({"images": [], "annotations": {"12": {"id": 12}}, "categories": []})");
  try {
    read("b.json");
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'annotations' is no list"));
  }
}

// HumanSignal/label-studio#7294: COCO of Windows with the server's own path.
TEST_F(ReportedFiles, PathsOfAnotherDiskAreSuspected) {
  const Set set = coco("", R"("file_name": "..\\..\\label-studio\\media\\upload\\4\\a.png")");
  EXPECT_EQ(set.images.at(0).file, "../../label-studio/media/upload/4/a.png");
  check(set, findings_);
  EXPECT_EQ(count("file-elsewhere"), 1u);
}

// HumanSignal/label-studio#1841, #4923 and label-studio-converter#222: a label that was taken back, labels without
// points and without a box, a task that nobody answered.
TEST_F(ReportedFiles, LabelStudiosResultsWithoutPlacesAreLeftOut) {
  folder_.put("e.json", R"([{"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"result": [
     {"type": "rectanglelabels", "original_width": 10, "original_height": 10, "value": {"rectanglelabels": ["cat"]}},
     {"type": "polygonlabels", "original_width": 10, "original_height": 10, "value": {"polygonlabels": ["cat"]}},
     {"type": "rectanglelabels", "original_width": 10, "original_height": 10,
      "value": {"x": 1, "y": 1, "width": 5, "height": 5, "rectanglelabels": []}},
     {"type": "rectangle", "original_width": 10, "original_height": 10,
      "value": {"x": 1, "y": 1, "width": 5, "height": 5}},
     {"type": "rectanglelabels", "original_width": 10, "original_height": 10, "image_rotation": 90,
      "value": {"x": 0, "y": 0, "width": 50, "height": 50, "rectanglelabels": ["cat"]}}]}]},
    {"id": 2, "data": {"image": "b.jpg"}, "annotations": []}])");
  const Set set = read("e.json");
  EXPECT_EQ(set.images.size(), 2u);
  EXPECT_EQ(set.annotations.size(), 1u);
  EXPECT_EQ(count("value-form"), 2u);
  EXPECT_EQ(count("label-missing"), 1u);
  EXPECT_EQ(count("result-unread"), 1u);
  EXPECT_EQ(count("photo-rotated"), 1u);
}

// open-edge-platform/datumaro#583: blank lines in VOC's lists.
TEST_F(ReportedFiles, BlankLinesOfListsAreNoPhotos) {
  put_png("JPEGImages/b.jpg", 40, 30);
  folder_.put("Annotations/a.xml",
              "<annotation><filename>a.jpg</filename><size><width>9</width><height>9</height></size></annotation>");
  folder_.put("ImageSets/Main/train.txt", "a\n\n  \nb\n\n");
  EXPECT_EQ(read("").images.size(), 2u);
  EXPECT_EQ(count("xml-missing"), 1u);
}

// roboflow/supervision#1096 and #2288: YOLO's turned boxes, four corners in any order. ultralytics/yolov5#5210: rows
// below 0 and rows that are there twice beside good ones.
TEST_F(ReportedFiles, YolosCornersAreAnOutlineAndBadRowsTakeNoGoodOnesAlong) {
  folder_.put("data.yaml", "names: [thing]\nnc: 1\n");
  put_png("images/a.png", 100, 100);
  folder_.put("labels/a.txt",
              "0 0.5 0.1 0.9 0.5 0.5 0.9 0.1 0.5\n0 0.5 0.5 -0.04 0.1\n0 0.2 0.2 0.1 0.1\n0 0.2 0.2 0.1 0.1\n");
  Set set = read("");
  ASSERT_EQ(set.annotations.size(), 4u);
  EXPECT_NEAR(set.annotations[0].box.width, 80, 1e-9);
  EXPECT_NEAR(set.annotations[0].area, 3200, 1e-9);
  EXPECT_EQ(count("not-shares"), 1u);
  mend(set);
  EXPECT_EQ(set.annotations.size(), 2u);
}

}  // namespace
}  // namespace graft::detection
