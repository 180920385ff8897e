// Pascal VOC's own XML and that of those who borrow its layout.
#include "graft/core/error.h"
#include "tests/detection/read_case.h"

namespace graft::detection {
namespace {

using ::testing::HasSubstr;
using Voc = ReadCase;

std::string xml(const std::string& head, const std::string& objects) {
  return "<annotation>" + head + "<size><width>100</width><height>50</height><depth>3</depth></size>" + objects +
         "</annotation>";
}
std::string object(const std::string& name, const std::string& corners, const std::string& more = "") {
  return "<object><name>" + name + "</name>" + more + "<bndbox>" + corners + "</bndbox></object>";
}
const std::string kCorners = "<xmin>1</xmin><ymin>11</ymin><xmax>100</xmax><ymax>20</ymax>";

TEST_F(Voc, CountsCornersFromOneWhereItSaysVoc) {
  folder_.put("Annotations/000005.xml",
              xml("<folder>VOC2007</folder><filename>000005.jpg</filename>",
                  object("chair", kCorners, "<pose>Rear</pose><truncated>1</truncated><difficult>0</difficult>")));
  const Set set = read("");
  EXPECT_EQ(set.images.at(0).file, "000005.jpg");
  EXPECT_EQ(set.annotations.at(0).box, (Box{0, 10, 100, 10}));
  EXPECT_EQ(set.carried->at(set.annotations[0].rest), R"("truncated":1,"pose":"Rear")");
  EXPECT_EQ(count("corners-from-0"), 0u);
}

TEST_F(Voc, OfOthersCountsFromZeroAndSaysSo) {
  folder_.put("labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\nchair:::\n");
  folder_.put("Annotations/b/x.xml", xml("<folder>b</folder><filename>x</filename>", object("chair", kCorners)));
  const Set set = read("");
  EXPECT_EQ(set.images.at(0).file, "b/x.jpg");
  EXPECT_EQ(set.annotations.at(0).box, (Box{1, 11, 99, 9}));
  EXPECT_EQ(count("corners-from-0"), 1u);
  EXPECT_EQ(set.categories.size(), 2u);
}

TEST_F(Voc, IsSeenInWhatLabelImgCallsVerified) {
  folder_.put("Annotations/x.xml", "<annotation verified=\"yes\">" + object("chair", kCorners) + "</annotation>");
  EXPECT_EQ(read("").annotations.size(), 1u);
  folder_.put("Annotations/x.xml", "<annotations>" + object("chair", kCorners) + "</annotations>");
  EXPECT_THROW(read(""), DataError);
}

TEST_F(Voc, WhatIsAmissIsLeftOutByFile) {
  folder_.put("a.xml", xml("<filename>a.jpg</filename>", object("", kCorners) + object("cat", "<xmin>x</xmin>") +
                                                             object("cat", kCorners) + object("t\xe9", kCorners)));
  folder_.put("b.xml", "<annotation><object>\n</annotation>");
  folder_.put("c.xml", xml("<filename>a.jpg</filename>", ""));
  folder_.put("d.xml", "<annotation><size><width>-1</width></size></annotation>");
  folder_.put("e.xml", "<html/>");
  const Set set = read("");
  EXPECT_EQ(set.annotations.size(), 1u);
  EXPECT_EQ(count("object-form"), 3u);
  EXPECT_EQ(count("file-unreadable"), 2u);
  EXPECT_THAT(example("file-unreadable"), HasSubstr("b.xml:2: is no XML"));
  EXPECT_EQ(count("image-again"), 1u);
  EXPECT_EQ(count("size-form"), 1u);
}

TEST_F(Voc, NamesElementsThatItDoesNotLookAt) {
  const std::string outline = "<polygon><x1>1</x1><y1>2</y1></polygon>";
  folder_.put("a.xml", xml("<filename>a.jpg</filename><source><database>?</database></source><segmented>0</segmented>",
                           object("cat", kCorners, outline) + object("cat", kCorners, outline + "<actions/>")));
  folder_.put("b.xml", xml("<filename>b.jpg</filename><weather>rain</weather>", object("cat", kCorners, outline)));
  EXPECT_EQ(read("").annotations.size(), 3u);
  EXPECT_THAT(findings_.kinds().at("unread-elements").examples,
              ::testing::ElementsAre("<annotation><weather> is not looked at (1 time)",
                                     "<object><actions> is not looked at (1 time)",
                                     "<object><polygon> is not looked at (3 times)"));
}

TEST_F(Voc, IsReadInTheEncodingThatItDeclares) {
  folder_.put("a.xml",
              "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + xml("<filename>a.jpg</filename>", object("gr\xf6\xdf"
                                                                                                           "e",
                                                                                                           kCorners)));
  EXPECT_EQ(class_of(read("a.xml"), 0), "größe");
}

}  // namespace
}  // namespace graft::detection
