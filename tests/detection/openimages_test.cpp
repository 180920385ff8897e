// OpenImages' tables: columns of both editions, verdicts and how the hierarchy passes them on, and rows that are amiss.
#include "graft/core/error.h"
#include "tests/detection/read_case.h"

namespace graft::detection {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OpenImages : public ReadCase {
 protected:
  OpenImages() {
    put_png("a.jpg", 100, 50);
    put_png("b.jpg", 10, 10);
    folder_.put("class-descriptions-boxable.csv", "/m/animal,Animal\n/m/cat,\"Cat, small\"\n/m/dog,Dog\n/m/car,Car\n");
  }
  const std::string kColumns =
      "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,"
      "IsDepiction,IsInside";
};

TEST_F(OpenImages, OfThirteenAndOfTwentyOneColumnsAreRead) {
  folder_.put("boxes.csv", "\xEF\xBB\xBF" + kColumns + "\r\na,xclick,/m/cat,1,0.1,0.5,0.2,1,1,-1,0,0,0\r\n");
  folder_.put("more.csv", kColumns +
                              ",XClick1X,XClick2X,XClick3X,XClick4X,XClick1Y,XClick2Y,XClick3Y,XClick4Y\n"
                              "b,xclick,/m/dog,1,0,1,0,1,0,0,1,0,0,-1,-1,-1,-1,-1,-1,-1,-1\n");
  const Set set = read("");
  ASSERT_EQ(set.annotations.size(), 2u);
  EXPECT_NEAR(set.annotations[0].box.x, 10, 1e-9);
  EXPECT_NEAR(set.annotations[0].box.width, 40, 1e-9);
  EXPECT_NEAR(set.annotations[0].box.height, 40, 1e-9);
  EXPECT_EQ(set.carried->at(set.annotations[0].rest), R"("occluded":1,"truncated":-1)");
  EXPECT_TRUE(set.annotations[1].group_of);
  EXPECT_EQ(class_of(set, 0), "Cat, small");
  EXPECT_EQ(set.categories[1].synset, "/m/cat");
  EXPECT_EQ(set.images[0].file, "a.jpg");
  EXPECT_THAT(set.class_sets.at(set.images[0].known), ElementsAre(1));
  EXPECT_EQ(count("image-labels-missing"), 1u);
  EXPECT_EQ(left_out(), 0u);
}

TEST_F(OpenImages, PassesVerdictsOnAsTheHierarchySays) {
  folder_.put("boxes.csv", kColumns + "\na,xclick,/m/cat,1,0.1,0.5,0.2,1,0,0,0,0,0\n");
  folder_.put("labels.csv",
              "ImageID,Source,LabelName,Confidence\nb,verification,/m/animal,0\na,verification,/m/car,0\n"
              "b,machine,/m/car,0.7\na,verification,/m/dog,1\n");
  folder_.put("bbox_labels_600_hierarchy.json",
              R"({"LabelName": "/m/root", "Subcategory": [{"LabelName": "/m/animal", "Subcategory": [
                 {"LabelName": "/m/cat"}, {"LabelName": "/m/dog"}]}, {"LabelName": "/m/car", "Part": [{"LabelName": "/m/wheel"}]}]})");
  const Set set = read("");
  ASSERT_EQ(set.images.size(), 2u);
  // a: a cat with a box, an animal therefore, a dog that is said and has none, no car: all that there is.
  EXPECT_EQ(set.images[0].known, ClassSets::kAll);
  EXPECT_THAT(set.class_sets.at(set.images[0].open), ElementsAre(0, 2));
  // b: no animal, no cat and no dog therefore; of cars a machine's guess.
  EXPECT_THAT(set.class_sets.at(set.images[1].known), ElementsAre(0, 1, 2));
  EXPECT_THAT(set.class_sets.at(set.images[1].open), ElementsAre());
  EXPECT_EQ(count("label-unverified"), 1u);
}

TEST_F(OpenImages, AHierarchyWithACycleIsRefused) {
  folder_.put("boxes.csv", kColumns + "\na,xclick,/m/cat,1,0.1,0.5,0.2,1,0,0,0,0,0\n");
  folder_.put("hierarchy.json", R"({"LabelName": "r", "Subcategory": [
     {"LabelName": "/m/cat", "Subcategory": [{"LabelName": "/m/dog", "Subcategory": [{"LabelName": "/m/cat"}]}]}]})");
  EXPECT_THROW(
      {
        try {
          read("");
        } catch (const DataError& error) {
          EXPECT_THAT(error.what(), HasSubstr("has a cycle: /m/cat lies below itself"));
          throw;
        }
      },
      DataError);
}

TEST_F(OpenImages, RowsThatAreAmissAreLeftOutByLine) {
  folder_.put("boxes.csv", kColumns +
                               "\n"
                               "a,xclick,/m/cat,1,0.1,0.5,0.2\n"
                               "a,xclick,/m/cat,1,x,0.5,0.2,1,0,0,0,0,0\n"
                               "gone,xclick,/m/cat,1,0.1,0.5,0.2,1,0,0,0,0,0\n"
                               "a,xclick,/m/c\xe4t,1,0.1,0.5,0.2,1,0,0,0,0,0\n"
                               "\n"
                               "a,\"x\"click,/m/cat,1,0.1,0.5,0.2,1,0,0,0,0,0\n"
                               "a,xclick,/m/cat,1,10,50,10,20,0,0,0,0,0\n"
                               "b,\"two\nlines\",/m/cat,1,0,1,0,1,0,0,0,0,0\n"
                               "a,\"open,/m/cat,1,0.1,0.5,0.2,1,0,0,0,0,0\n");
  const Set set = read("boxes.csv");
  EXPECT_EQ(set.annotations.size(), 2u);
  EXPECT_EQ(example("csv-row"), "boxes.csv:2: 7 cells, expected 13");
  EXPECT_EQ(findings_.kinds().at("csv-row").examples.back(), "boxes.csv:11: a quote is opened and never closed");
  EXPECT_EQ(count("csv-row"), 4u);
  EXPECT_THAT(example("row-form"), HasSubstr("boxes.csv:3"));
  EXPECT_THAT(example("photo-missing"), HasSubstr("boxes.csv:4: the size of image gone"));
  EXPECT_THAT(example("not-shares"), HasSubstr("boxes.csv:8"));
}

TEST_F(OpenImages, HasTheImagesThatItsListHasInLabelledSubsets) {
  folder_.put("boxes.csv", kColumns + ",Mood\na,xclick,/m/cat,1,0.1,0.5,0.2,1,0,0,0,0,0,good\n");
  put_png("bare.jpg", 30, 20);
  folder_.put("image_ids_and_rotation.csv",
              "ImageID,Subset,OriginalURL,OriginalLandingURL,License,AuthorProfileURL,Author,Title,OriginalSize,"
              "OriginalMD5,Thumbnail300KURL,Rotation\n"
              "a,validation,https://x.org/a_o.jpg,,,,,\"A, b\",1,,,90.0\n"
              "bare,validation,https://x.org/bare_o.jpg,,,,,,1,,,\n"
              "other,train,https://x.org/other_o.jpg,,,,,,1,,,0.0\n"
              "short,validation\n");
  folder_.put("masks.csv", "MaskPath,ImageID,LabelName,BoxID\nm.png,masked,/m/cat,1\n");
  folder_.put("relations.csv", "ImageID,LabelName1,LabelName2,RelationLabel\nrelated,/m/cat,/m/dog,on\n");
  const Set set = read("");
  ASSERT_EQ(set.images.size(), 2u);
  EXPECT_EQ(set.carried->at(set.images[0].rest), R"("flickr_url":"https://x.org/a_o.jpg","rotation":90)");
  EXPECT_EQ(set.images[1].file, "bare.jpg");
  EXPECT_EQ(set.images[1].width, 30);
  EXPECT_EQ(set.images[1].known, ClassSets::kEmpty);
  EXPECT_EQ(count("photo-rotated"), 1u);
  EXPECT_EQ(count("image-unlabelled"), 1u);
  EXPECT_EQ(count("subset-unlabelled"), 1u);
  EXPECT_EQ(count("csv-row"), 1u);
  EXPECT_EQ(count("table-unread"), 2u);
  EXPECT_EQ(example("unread-columns"), "boxes.csv: Mood is not looked at (1 time)");
}

TEST_F(OpenImages, WithoutAnySizeIsRefused) {
  folder_.put("alone/boxes.csv", kColumns + "\na,xclick,/m/cat,1,0.1,0.5,0.2,1,0,0,0,0,0\n");
  EXPECT_THROW(read("alone"), DataError);
  folder_.put("alone/sizes.csv", "ImageID,Width,Height\na,200,100\n");
  EXPECT_EQ(read("alone").annotations.at(0).box.y, 20);
}

}  // namespace
}  // namespace graft::detection
