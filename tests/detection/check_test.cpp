// The lints, one by one, and that what is mended is sound.
#include "graft/detection/check.h"

#include <gmock/gmock.h>

#include "graft/detection/format.h"
#include "tests/support/temp_folder.h"

namespace graft::detection {
namespace {

using ::testing::HasSubstr;

class Check : public ::testing::Test {
 protected:
  Check() {
    add_class(1, "cat");
    add_class(2, "dog");
    set_.images.push_back({.id = 7, .file = "a.jpg", .width = 640, .height = 480});
    set_.sources.push_back({"a", "coco", "a.json"});
  }
  void add_class(std::int64_t id, std::string name) {
    auto& category = set_.categories.emplace_back();
    category.id = id;
    category.name = std::move(name);
  }
  Annotation& add(Box box, Index category = 0) {
    Annotation one;
    one.id = static_cast<std::int64_t>(set_.annotations.size()) + 1;
    one.box = box;
    one.category = category;
    one.area = box.area();
    set_.annotations.push_back(one);
    return set_.annotations.back();
  }
  // How many of the kind; all kinds are kept in `found_`.
  std::size_t count(std::string_view kind) {
    found_ = {};
    check(set_, found_);
    const auto place = found_.kinds().find(kind);
    return place == found_.kinds().end() ? 0 : place->second.count;
  }
  std::string example(std::string_view kind) {
    return count(kind) == 0 ? "none" : found_.kinds().find(kind)->second.examples[0];
  }
  // Of the set as it is read back from a file.
  std::size_t wrong_once_mended() {
    mend(set_);
    TempFolder folder;
    find_format("coco").write(set_, folder / "mended.json");
    Findings findings;
    check(read_set(folder / "mended.json", findings), findings);
    return findings.total(Severity::wrong) + findings.total(Severity::left_out);
  }
  Set set_;
  Findings found_;
};

TEST_F(Check, SaysNothingOfASoundSet) {
  add({10, 10, 20, 20});
  add({600, 400, 40.3, 80}, 1);
  count("");
  EXPECT_EQ(found_.total(Severity::wrong) + found_.total(Severity::suspicion), 0u);
  EXPECT_EQ(count("box-overhangs"), 1u);
}

TEST_F(Check, BoxesThatAreNoneAreWrongAndGoWhenMended) {
  add({10, 10, -5, 20});
  add({10, 10, 0, 20});
  add({700, 10, 20, 20});
  add({630, 10, 20, 20});
  EXPECT_EQ(count("box-negative"), 1u);
  EXPECT_EQ(count("box-empty"), 1u);
  EXPECT_EQ(count("box-elsewhere"), 1u);
  EXPECT_THAT(example("box-outside"), HasSubstr("10 pixels of it are outside the image of 640 x 480"));
  EXPECT_EQ(wrong_once_mended(), 0u);
  ASSERT_EQ(set_.annotations.size(), 1u);
  EXPECT_EQ(set_.annotations[0].box, (Box{630, 10, 10, 20}));
  EXPECT_EQ(set_.annotations[0].area, 200);
}

TEST_F(Check, AreasAreHeldAgainstBoxesAndShapes) {
  add({10, 10, 20, 20}).area = 500;
  add({10, 10, 30, 20}).area = 0;
  add({10, 10, 40, 20}).area = 300;
  auto& masked = add({10, 10, 50, 20});
  masked.area = 5000;
  masked.shape = set_.carried->add("[[10,10,60,10,60,30]]");
  EXPECT_EQ(count("area-above-box"), 2u);
  EXPECT_EQ(count("area-empty"), 1u);
  EXPECT_EQ(count("area-not-of-box"), 1u);
  EXPECT_EQ(wrong_once_mended(), 0u);
  EXPECT_EQ(set_.annotations[0].area, 400);
  EXPECT_EQ(set_.annotations[3].area, 500);
}

TEST_F(Check, ShapesThatAreNoneAreWrong) {
  add({10, 10, 20, 20}).shape = set_.carried->add("[[10,10,30,30]]");
  add({10, 10, 21, 20}).shape = set_.carried->add(R"({"size": [640, 480], "counts": "04"})");
  add({10, 10, 22, 20}).shape = set_.carried->add(R"({"counts": "04"})");
  add({10, 10, 23, 20}).shape = set_.carried->add("[[100,100,133,100,133,120]]");
  auto& crowd = add({10, 10, 24, 20});
  crowd.crowd = true;
  crowd.shape = set_.carried->add("[[10,10,34,10,34,30]]");
  EXPECT_EQ(count("shape-form"), 3u);
  EXPECT_EQ(count("box-off-shape"), 1u);
  EXPECT_EQ(count("crowd-polygon"), 1u);
  EXPECT_EQ(wrong_once_mended(), 0u);
}

TEST_F(Check, AnOutlineWithoutItsListIsMended) {
  add({10, 10, 20, 20}).shape = set_.carried->add("[10,10,30,10,30,30]");
  set_.images[0].file = "../../media/upload/4/a.jpg";
  EXPECT_EQ(count("shape-form"), 1u);
  EXPECT_EQ(count("file-elsewhere"), 1u);
  EXPECT_EQ(wrong_once_mended(), 0u);
  EXPECT_EQ(set_.carried->at(set_.annotations[0].shape), "[[10,10,30,10,30,30]]");
}

TEST_F(Check, WhatIsThereTwiceIsOneOnceMended) {
  add_class(5, " dog");
  add_class(0, "Cat");
  set_.images.push_back({.id = 8, .file = "a.jpg", .width = 640, .height = 480});
  add({10, 10, 20, 20}, 1);
  auto& again = add({10, 10, 20, 20}, 2);
  again.image = 1;
  again.id = 1;
  add({10, 10, 20, 20}, 0);
  add({10, 10, 20, 20}, 0);
  EXPECT_EQ(count("name-twice"), 1u);
  EXPECT_EQ(count("name-untrimmed"), 1u);
  EXPECT_EQ(count("name-alike"), 1u);
  EXPECT_EQ(count("image-twice"), 1u);
  EXPECT_EQ(count("duplicate-box"), 1u);
  EXPECT_EQ(count("box-of-two-classes"), 1u);
  EXPECT_EQ(count("category-id-zero"), 1u);
  EXPECT_THAT(example("category-id-gaps"), HasSubstr("leave out 3, 4"));
  EXPECT_EQ(wrong_once_mended(), 0u);
  EXPECT_EQ(set_.images.size(), 1u);
  EXPECT_EQ(set_.categories.size(), 3u);
  EXPECT_EQ(set_.annotations.size(), 2u);
  EXPECT_EQ(set_.annotations[1].id, 3);
}

TEST_F(Check, IdsThatBeginAgainInEachImageAreSuspected) {
  set_.images.push_back({.id = 8, .file = "b.jpg", .width = 640, .height = 480});
  for (const Index image : {0u, 1u}) {
    for (int k = 0; k < 3; ++k) {
      auto& one = add({10.0 + k, 10, 20, 20});
      one.image = image;
      one.id = k;
    }
  }
  EXPECT_THAT(example("ids-by-image"), HasSubstr("3 distinct ids for 6 boxes"));
  EXPECT_EQ(count("id-zero"), 1u);
  mend(set_);
  EXPECT_EQ(count("ids-by-image") + count("id-zero"), 0u);
}

TEST_F(Check, BoxesOfAnotherKindAreSuspectedWithEvidence) {
  for (int k = 0; k < 30; ++k)
    add({300.0 + k, 200, 400.0 + k, 300});
  EXPECT_THAT(example("boxes-xyxy"), HasSubstr("30 of 30 boxes reach out"));
  set_.annotations.clear();
  for (int k = 0; k < 30; ++k)
    add({0.01 * k, 0.2, 0.4, 0.5});
  EXPECT_EQ(count("boxes-normalised"), 1u);
  set_.annotations.clear();
  for (int k = 0; k < 30; ++k)
    add({1.0 * k, 20, 60, 50});
  EXPECT_EQ(count("boxes-percent"), 1u);
  add({500, 20, 60, 50});
  EXPECT_EQ(count("boxes-percent") + count("boxes-xyxy") + count("boxes-normalised"), 0u);
}

// A PNG's first bytes.
std::string png_of(char width, char height) {
  return std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0", 19) + width + std::string("\0\0\0", 3) + height;
}

TEST_F(Check, PhotosAreHeldAgainstWhatIsToldOfThem) {
  TempFolder folder;
  set_.images = {{.id = 1, .file = "a.png", .width = 9, .height = 5},
                 {.id = 2, .file = "b.png", .width = 5, .height = 9},
                 {.id = 3, .file = "c.png", .width = 9, .height = 5},
                 {.id = 4, .file = "d.png", .width = 9, .height = 5}};
  folder.put("a.png", png_of(9, 5));
  folder.put("b.png", png_of(9, 5));
  folder.put("c.png", "<html>");
  check_photos(set_, folder.path(), found_);
  EXPECT_THAT(found_.kinds().at("photo-other-size").examples[0], HasSubstr("width and height have changed places"));
  EXPECT_EQ(found_.kinds().at("photo-unreadable").count, 1u);
  EXPECT_EQ(found_.kinds().at("photo-missing").count, 1u);
  EXPECT_EQ(found_.kinds().size(), 3u);
}

}  // namespace
}  // namespace graft::detection
