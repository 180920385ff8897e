// CVAT's XML for images, and what of it is not read.
#include "graft/core/error.h"
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
 <mask label="ant" rle="1, 2" left="3" top="4" width="5" height="6"/>
 <points label="ant" points="1,2"/><tag label="ant"/>
</image></annotations>)");
  const Set set = read("");
  EXPECT_EQ(set.categories.at(0).name, "zebra");
  EXPECT_EQ(set.images.at(0).file, "frames/a.jpg");
  EXPECT_EQ(set.images[0].id, 0);
  ASSERT_EQ(set.annotations.size(), 3u);
  EXPECT_EQ(set.annotations[0].box, (Box{1.5, 2, 10, 10}));
  EXPECT_EQ(set.carried->at(set.annotations[0].rest), R"("occluded":1,"attributes":{"age":"3 < 4"})");
  EXPECT_EQ(set.annotations[1].area, 50);
  EXPECT_EQ(set.annotations[2].box, (Box{3, 4, 5, 6}));
  EXPECT_EQ(count("mask-unread"), 1u);
  EXPECT_EQ(count("shape-unread"), 2u);
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
