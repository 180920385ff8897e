// CVAT's XML for images, and what of it is not read.
#include "graft/core/error.h"
#include "graft/detection/runs.h"
#include "tests/detection/read_case.h"

namespace graft::detection {
namespace {

using ::testing::HasSubstr;
using Cvat = ReadCase;

TEST_F(Cvat, IsReadWithItsLabelsInTheirOrder) {
  folder_.put("annotations.xml", R"(<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><job><labels><label><name>zebra</name></label><label><name>ant</name></label></labels></job></meta>
<image id="0" name="frames\a.jpg" width="100" height="50">
 <box label="ant" occluded="1" xtl="1.50" ytl="2" xbr="11.5" ybr="12" z_order="0"><attribute name="age">3 &lt; 4</attribute></box>
 <polygon label="zebra" points="0.00,0.00;10.00,0.00;10.00,10.00" occluded="0"/>
 <points label="ant" points="1,2"/><tag label="ant"/><skeleton label="ant"/>
</image></annotations>)");
  const Set set = read("");
  EXPECT_EQ(set.categories.at(0).name, "zebra");
  EXPECT_EQ(set.images.at(0).file, "frames/a.jpg");
  EXPECT_EQ(set.images[0].id, 0);
  ASSERT_EQ(set.annotations.size(), 2u);
  EXPECT_EQ(set.annotations[0].box, (Box{1.5, 2, 10, 10}));
  EXPECT_EQ(set.carried->at(set.annotations[0].rest), R"("occluded":1,"attributes":{"age":"3 < 4"})");
  EXPECT_EQ(set.annotations[1].area, 50);
  EXPECT_EQ(count("shape-unread"), 3u);
  EXPECT_EQ(count("unread-elements"), 0u);
}

// Rows of a rectangle of 3 x 2 at (1, 1):  . # #   in an image of 5 x 4.
//                                          # . .
TEST_F(Cvat, ReadsMasksAlongTheirRows) {
  folder_.put("a.xml", R"(<annotations><image id="0" name="a.jpg" width="5" height="4">
 <mask label="a" occluded="1" rle="1, 3, 2" left="1" top="1" width="3" height="2"/>
 <mask label="b" rle="0, 20" left="0" top="0" width="5" height="4"/>
</image></annotations>)");
  const Set set = read("a.xml");
  ASSERT_EQ(set.annotations.size(), 2u);
  const Annotation& mask = set.annotations[0];
  EXPECT_EQ(mask.box, (Box{1, 1, 3, 2}));
  EXPECT_EQ(mask.area, 3);
  const auto runs = runs_in(set.carried->at(mask.shape));
  ASSERT_TRUE(runs);
  EXPECT_EQ(runs->height, 4u);
  EXPECT_THAT(runs->counts, ::testing::ElementsAre(6, 1, 2, 1, 3, 1, 6));  // down the columns of 4 pixels
  EXPECT_THAT(runs_in(set.carried->at(set.annotations[1].shape))->counts, ::testing::ElementsAre(0, 20));
  EXPECT_EQ(left_out(), 0u);

  find_format("cvat").write(set, folder_ / "again.xml");
  EXPECT_THAT(content_of(folder_ / "again.xml"),
              HasSubstr(R"(occluded="1" rle="1, 3, 2" left="1" top="1" width="3" height="2")"));
}

TEST_F(Cvat, MasksThatAreAmissAreLeftOut) {
  folder_.put("a.xml", R"(<annotations><image id="0" name="a.jpg" width="5" height="4">
 <mask label="a" rle="1, 3" left="1" top="1" width="3" height="2"/>
 <mask label="a" rle="1, 3, 2" left="3" top="1" width="3" height="2"/>
 <mask label="a" rle="1, x, 2" left="1" top="1" width="3" height="2"/>
 <mask label="a" rle="6" left="1" top="1" width="3" height="2"/>
 <mask label="a" rle="0, 6" left="-1" top="1" width="3" height="2"/>
</image></annotations>)");
  EXPECT_EQ(read("a.xml").annotations.size(), 0u);
  EXPECT_EQ(count("shape-form"), 5u);
  EXPECT_THAT(example("shape-form"), HasSubstr("the runs of a mask of 3 x 2 hold 4 pixels"));
}

TEST_F(Cvat, NamesElementsAndAttributesThatItDoesNotLookAt) {
  folder_.put("a.xml", R"(<annotations><meta><task><size>2</size></task></meta><extra/>
<image id="0" name="a.jpg" width="5" height="4" subset="train"><blob/><blob/>
 <box label="a" xtl="1" ytl="1" xbr="2" ybr="2" group_id="4"><note/></box></image></annotations>)");
  EXPECT_EQ(read("a.xml").annotations.size(), 1u);
  EXPECT_THAT(
      findings_.kinds().at("unread-elements").examples,
      ::testing::ElementsAre("<annotations><extra> is not looked at (1 time)", "<box><note> is not looked at (1 time)",
                             "<box> group_id= is not looked at (1 time)", "<image><blob> is not looked at (2 times)",
                             "<image> subset= is not looked at (1 time)"));
}

TEST_F(Cvat, ForVideoIsRefusedByName) {
  folder_.put("v.xml", "<annotations><track id=\"0\"/></annotations>");
  try {
    read("v.xml");
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("for video (tracks). Export it as \"CVAT for images\""));
  }
}

TEST_F(Cvat, WhatIsAmissIsLeftOutByImage) {
  folder_.put("a.xml", R"(<annotations><image id="x" name="a.jpg" width="ten" height="5">
 <box label="a" xtl="1" ytl="2" xbr="" ybr="4"/><box label="" xtl="1" ytl="2" xbr="3" ybr="4"/>
 <polygon label="a" points="1,2;3"/><polygon label="a" points="1,2;x,3;4,5"/><box label="a" xtl="1" ytl="2" xbr="3" ybr="4"/>
</image><image id="2" width="5" height="5"/></annotations>)");
  const Set set = read("a.xml");
  EXPECT_EQ(set.annotations.size(), 1u);
  EXPECT_EQ(count("shape-form"), 3u);
  EXPECT_EQ(count("label-missing"), 1u);
  EXPECT_EQ(count("size-form"), 1u);
  EXPECT_EQ(count("field-missing"), 1u);
}

}  // namespace
}  // namespace graft::detection
