// Which of its two numberings a file of Objects365 has, told by its own list of classes.
#include "graft/detection/objects365.h"

#include "graft/core/error.h"
#include "graft/detection/mapping.h"
#include "tests/detection/read_case.h"

namespace graft::detection {
namespace {

using ::testing::HasSubstr;

class Objects365Files : public ReadCase {
 protected:
  static std::vector<Category> classes(int version, std::int64_t first) {
    std::vector<Category> all;
    for (const auto& name : objects365_names(version)) {
      auto& category = all.emplace_back();
      category.id = first + static_cast<std::int64_t>(all.size()) - 1;
      category.name = name;
    }
    return all;
  }
  Set read_classes(const std::vector<Category>& categories) {
    Set set;
    set.categories = categories;
    set.images.push_back({.id = 1, .file = "a.jpg", .width = 10, .height = 10});
    find_format("coco").write(set, folder_ / "a.json");
    return read("a.json");
  }
};

TEST_F(Objects365Files, HaveTheirNamesAtTheirIds) {
  const auto first = classes(1, 1), second = classes(2, 1);
  ASSERT_EQ(first.size(), 365u);
  ASSERT_EQ(second.size(), 365u);
  EXPECT_EQ(first[8].name, "car");  // ultralytics/ultralytics#22099: 9 and 6
  EXPECT_EQ(second[5].name, "Car");
}

TEST_F(Objects365Files, SayWhichVersionTheyAreOf) {
  EXPECT_EQ(read_classes(classes(1, 1)).sources.at(0).format, "objects365 v1");
  EXPECT_EQ(example("objects365-version"), "numbered as Objects365 v1, from 1 (365 of 365 classes)");
  findings_ = {};
  auto mended = classes(2, 0);
  mended[37].name = "Monitor/TV";  // as some copies spell it
  mended[0].name = "person ";
  EXPECT_EQ(read_classes(mended).sources.at(0).format, "objects365 v2");
  EXPECT_EQ(example("objects365-version"), "numbered as Objects365 v2, from 0 (364 of 365 classes)");
}

TEST_F(Objects365Files, NumberedOtherwiseAreSuspected) {
  auto sorted = classes(2, 1);
  std::ranges::sort(sorted, {}, &Category::name);
  for (std::size_t k = 0; k < sorted.size(); ++k)
    sorted[k].id = static_cast<std::int64_t>(k) + 1;
  EXPECT_EQ(read_classes(sorted).sources.at(0).format, "objects365");
  EXPECT_THAT(example("objects365-numbering"), HasSubstr("365 of 365 classes are called as Objects365's"));
}

TEST_F(Objects365Files, AreNotSeenInOtherSets) {
  std::vector<Category> few = classes(2, 1);
  few.resize(9);
  EXPECT_FALSE(objects365_of(few));
  std::vector<Category> others(80);  // as COCO's: many of the names, at other ids
  for (std::size_t k = 0; k < others.size(); ++k) {
    others[k].id = static_cast<std::int64_t>(k) + 1;
    others[k].name = objects365_names(2)[2 * k + 3];
  }
  EXPECT_FALSE(objects365_of(others));
  EXPECT_EQ(read_classes(others).sources.at(0).format, "coco");
}

// A mapping that was made for v2 does not fit v1: its rows name id and class.
TEST_F(Objects365Files, OfOneVersionAreNotMappedByTheOthersMapping) {
  Mapping mapping;
  mapping.targets = {"car"};
  for (const Category& category : classes(2, 1)) {
    auto& row = mapping.rows.emplace_back();
    row.source = "o365";
    row.source_id = fmt::format("{}", category.id);
    row.source_name = category.name;
    row.action = category.name == "Car" ? Action::map : Action::drop;
    if (row.action == Action::map) row.target = "car";
  }
  Set set;
  set.categories = classes(2, 1);
  EXPECT_EQ(rows_of(mapping, "o365", set).at(5)->target, "car");
  set.categories = classes(1, 1);
  EXPECT_THROW(rows_of(mapping, "o365", set), DataError);
}

}  // namespace
}  // namespace graft::detection
