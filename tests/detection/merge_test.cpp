#include "graft/detection/merge.h"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>

#include "graft/core/error.h"
#include "graft/core/read_file.h"
#include "graft/data/resize.h"
#include "graft/detection/format.h"
#include "tests/support/temp_folder.h"

namespace graft::detection {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Merging : public ::testing::Test {
 protected:
  Set read(const std::string& name, const std::string& text) {
    Findings findings;
    Set set = read_set(folder_.put(name + ".json", text), findings);
    findings.refuse(name);
    return set;
  }
  Mapping mapping(const std::string& rows) {
    return read_mapping(folder_.put("m.csv", "source,source_name,action,target,relation,together\n" + rows));
  }
  static std::vector<std::string> names(const Set& set, Index classes) {
    std::vector<std::string> all;
    for (const Index one : set.class_sets.at(classes))
      all.push_back(set.categories[one].name);
    return all;
  }
  std::vector<std::string> known(const Set& set, std::size_t image) { return names(set, set.images[image].known); }
  std::vector<std::string> open(const Set& set, std::size_t image) { return names(set, set.images[image].open); }
  std::string text_of(const Set& set) {
    find_format("coco").write(set, folder_ / "text.json");
    return read_file("test", folder_ / "text.json");
  }
  TempFolder folder_;
};

std::string box(int id, int image, int category, const std::string& numbers = "1,1,4,4", const std::string& more = "") {
  return "{\"id\":" + std::to_string(id) + ",\"image_id\":" + std::to_string(image) +
         ",\"category_id\":" + std::to_string(category) + ",\"bbox\":[" + numbers + "],\"area\":16" + more + "}";
}

const std::string kDogs =
    R"({"info":{"v":1},"images":[{"id":5,"file_name":"a.jpg","width":9,"height":9,"coco_url":"http://x/a"},
  {"id":3,"file_name":"b.jpg","width":9,"height":9}],
 "categories":[{"id":18,"name":"dog","supercategory":"animal"},{"id":17,"name":"cat"}],
 "annotations":[)" +
    box(7, 5, 18) + "," + box(9, 3, 17, "2,2,3,3", ",\"iscrowd\":1,\"keypoints\":[1]") + "]}";
const std::string kVerified = R"({"images":[{"id":1,"file_name":"c.jpg","width":9,"height":9,"coco_url":"http://x/a",
   "neg_category_ids":[3],"not_exhaustive_category_ids":[2]}],
 "categories":[{"id":1,"name":"hound","synset":"dog.n.01"},{"id":2,"name":"cup"},{"id":3,"name":"toy"}],
 "annotations":[)" + box(1, 1, 1, "1,1,4,4.2") +
                              "," + box(2, 1, 2) + "]}";

TEST_F(Merging, EqualClassesAreKnownWhereTheirSourceKnowsThem) {
  const auto rows = mapping("a,dog,map,dog,,\na,cat,map,cat,,\nb,hound,map,dog,,\nb,cup,map,cup,,\nb,toy,map,toy,,\n");
  Merger merger(rows, {});
  merger.add("a", read("a", kDogs), {});
  auto verified = kVerified;
  verified.replace(verified.find("http://x/a"), 10, "http://y/a");  // another photo
  merger.add("b", read("b", verified), {});
  const Set set = merger.finish();
  ASSERT_EQ(set.images.size(), 3u);
  EXPECT_THAT(known(set, 0), ElementsAre("dog", "cat"));  // all that a looked for; cup and toy are unknown
  EXPECT_THAT(open(set, 0), IsEmpty());
  EXPECT_THAT(known(set, 2), ElementsAre("dog", "cup", "toy"));
  EXPECT_THAT(open(set, 2), ElementsAre("cup"));
  EXPECT_EQ(set.images[2].id, 3);
  EXPECT_EQ(set.images[2].file, "b/c.jpg");
  EXPECT_EQ(set.annotations[3].id, 4);
  EXPECT_THAT(text_of(set), HasSubstr("\"neg_category_ids\":[4],\"not_exhaustive_category_ids\":[3]"));
}

TEST_F(Merging, NarrowerClassesAreNotTheWholeTargetUnlessTogether) {
  const auto persons = R"({"images":[{"id":1,"width":9,"height":9},{"id":2,"width":9,"height":9}],
    "categories":[{"id":1,"name":"man"},{"id":2,"name":"woman"}],"annotations":[)" +
                       box(1, 1, 1) + "]}";
  {
    const auto rows = mapping("a,man,map,person,narrower,\na,woman,map,person,narrower,\n");
    Merger merger(rows, {});
    merger.add("a", read("a", persons), {});
    const Set set = merger.finish();
    EXPECT_THAT(known(set, 0), ElementsAre("person"));
    EXPECT_THAT(open(set, 0), ElementsAre("person"));
    EXPECT_THAT(known(set, 1), IsEmpty());
  }
  const auto rows = mapping("a,man,map,person,narrower,yes\na,woman,map,person,narrower,yes\n");
  Merger merger(rows, {});
  merger.add("a", read("a", persons), {});
  const Set set = merger.finish();
  EXPECT_THAT(open(set, 0), IsEmpty());
  EXPECT_THAT(known(set, 1), ElementsAre("person"));
}

TEST_F(Merging, ABroaderClassGivesItsAbsenceAlone) {
  const auto rows = mapping("a,toy,drop,doll,broader,\na,doll house,map,doll,narrower,\n");
  Merger merger(rows, {});
  merger.add("a",
             read("a", R"({"images":[{"id":1,"width":9,"height":9},{"id":2,"width":9,"height":9}],
    "categories":[{"id":1,"name":"toy"},{"id":2,"name":"doll house"}],"annotations":[)" +
                           box(1, 1, 1) + "]}"),
             {});
  const Set set = merger.finish();
  EXPECT_TRUE(set.annotations.empty());
  EXPECT_THAT(known(set, 0), IsEmpty());
  EXPECT_THAT(known(set, 1), ElementsAre("doll"));
  EXPECT_EQ(merger.sources()[0].dropped_boxes, 1u);
}

TEST_F(Merging, OnePhotoOfTwoSetsIsOneImageWithTheBoxesOfBoth) {
  const auto rows = mapping("a,dog,map,dog,,\na,cat,map,cat,,\nb,hound,map,dog,,\nb,cup,map,cup,,\nb,toy,map,toy,,\n");
  Merger merger(rows, {});
  merger.add("a", read("a", kDogs), {});
  merger.add("b", read("b", kVerified), {});
  EXPECT_EQ(merger.sources()[1].joined_images, 1u);
  EXPECT_EQ(merger.sources()[1].joined_boxes, 1u);
  const Set set = merger.finish();
  ASSERT_EQ(set.images.size(), 2u);
  EXPECT_EQ(set.annotations.size(), 3u);
  EXPECT_THAT(known(set, 0), ElementsAre("dog", "cat", "cup", "toy"));
  EXPECT_THAT(open(set, 0), ElementsAre("cup"));
}

TEST_F(Merging, UndoneGivesEachSetBack) {
  const auto rows = mapping("a,dog,map,dog,,\na,cat,map,cat,,\nb,hound,map,dog,,\nb,cup,map,cup,,\nb,toy,map,toy,,\n");
  const Set a = read("a", kDogs), b = read("b", kVerified);
  Merger merger(rows, {});
  merger.add("a", a, {});
  merger.add("b", b, {});
  find_format("coco").write(merger.finish(), folder_ / "merged.json");
  Findings findings;
  const Set again = read_set(folder_ / "merged.json", findings);
  EXPECT_EQ(findings.total(Severity::left_out) + findings.total(Severity::wrong), 0u);
  ASSERT_EQ(again.sources.size(), 2u);
  EXPECT_EQ(again.sources[1].name, "b");
  EXPECT_EQ(again.images[1].source, 0u);
  const auto sets = unmerge(again);
  ASSERT_EQ(sets.size(), 2u);
  EXPECT_EQ(sets[0].first, "a");
  EXPECT_EQ(text_of(sets[0].second), text_of(a));
  EXPECT_EQ(text_of(sets[1].second), text_of(b));
  EXPECT_THROW(unmerge(a), DataError);
}

TEST_F(Merging, PhotosToEvaluateOnAreRefusedOrLeftOut) {
  const auto rows = mapping("a,dog,map,dog,,\na,cat,drop,,,\n");
  const Set eval = read("e", kVerified);
  {
    Merger merger(rows, {});
    merger.keep_out("e", eval, {});
    EXPECT_THROW(merger.add("a", read("a", kDogs), {}), DataError);
  }
  MergeOptions options;
  options.drop_leaks = true;
  Merger merger(rows, options);
  merger.keep_out("e", eval, {});
  merger.add("a", read("a", kDogs), {});
  EXPECT_EQ(merger.sources()[0].left_images, 1u);
  EXPECT_EQ(merger.finish().images.size(), 1u);
}

TEST_F(Merging, WhatNobodyDecidedIsRefused) {
  const auto rows = mapping("a,dog,ambiguous,dog,,\na,cat,map,cat,,\n");
  EXPECT_THROW(Merger(rows, {}), DataError);
  MergeOptions options;
  options.drop_ambiguous = true;
  Merger merger(rows, options);
  merger.add("a", read("a", kDogs), {});
  EXPECT_EQ(merger.finish().annotations.size(), 1u);
}

TEST(PhotoIdentity, APhotoIsNearItselfInAnotherSizeAndFarFromAnother) {
  io::Image photo{64, 48, std::vector<std::uint8_t>(64 * 48 * 3)}, other = photo, flat = photo;
  for (int y = 0; y < 48; ++y) {
    for (int x = 0; x < 64; ++x) {
      for (int c = 0; c < 3; ++c) {
        const auto at = static_cast<std::size_t>((y * 64 + x) * 3 + c);
        photo.rgb[at] = static_cast<std::uint8_t>(127 + 100 * std::sin(x * 0.2 + y * 0.05 * c));
        other.rgb[at] = static_cast<std::uint8_t>(127 + 100 * std::cos(y * 0.3 + x * 0.1));
      }
    }
  }
  const auto of_photo = *difference_hash(photo);
  const auto small = data::resize(photo, data::Size{36, 48}, data::Filter::bicubic);
  EXPECT_LE(std::popcount(of_photo ^ *difference_hash(small)), kNearBits);
  EXPECT_GT(std::popcount(of_photo ^ *difference_hash(other)), 10);
  EXPECT_FALSE(difference_hash(flat).has_value());
  PhotoIdentities known;
  known.add({"", of_photo, {}}, 4);
  const auto found = known.find({"", *difference_hash(small), {}});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->place, 4u);
  EXPECT_FALSE(known.find({"", *difference_hash(other), {}}).has_value());
}

}  // namespace
}  // namespace graft::detection
