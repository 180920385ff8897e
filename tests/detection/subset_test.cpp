#include "graft/detection/subset.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "graft/detection/twins.h"

namespace graft::detection {
namespace {

using ::testing::ElementsAre;

// 100 images; class 0 in all, class 1 in each fifth, class 2 in four.
Set hundred() {
  Set set;
  set.categories.resize(3);
  set.images.resize(100);
  for (Index k = 0; k < 100; ++k) {
    set.images[k].id = k + 1;
    for (Index category = 0; category < 3; ++category) {
      if (category == 1 && k % 5 != 0) continue;
      if (category == 2 && k % 25 != 3) continue;
      Annotation annotation;
      annotation.id = static_cast<std::int64_t>(set.annotations.size()) + 1;
      annotation.image = k;
      annotation.category = category;
      set.annotations.push_back(annotation);
    }
  }
  return set;
}

TEST(Subset, KeepsIdsAndOrderAndForgetsWhatGoes) {
  Set set = hundred();
  set.images[3].known = set.class_sets.add({0, 2});
  set.images[3].open = set.class_sets.add({2});
  Kept kept(set);
  kept.categories = {true, false, true};
  kept.images.assign(100, false);
  kept.images[3] = kept.images[50] = true;
  const Set part = subset(set, kept);
  ASSERT_EQ(part.images.size(), 2u);
  EXPECT_EQ(part.images[1].id, 51);
  ASSERT_EQ(part.annotations.size(), 3u);
  EXPECT_EQ(part.annotations[1].category, 1u);  // what was the third
  EXPECT_THAT(part.class_sets.at(part.images[0].known), ElementsAre(0, 1));
  EXPECT_THAT(part.class_sets.at(part.images[0].open), ElementsAre(1));
  EXPECT_EQ(part.images[1].known, ClassSets::kAll);
}

TEST(Stratified, PartsHaveTheirShareOfEachClass) {
  const Set set = hundred();
  const auto parts = stratified_parts(set, {0.75, 0.25}, std::vector<std::string>(100), 7);
  std::vector<std::vector<int>> images_of(2, std::vector<int>(3));
  for (const auto& annotation : set.annotations)
    ++images_of[parts[annotation.image]][annotation.category];
  EXPECT_THAT(images_of[0], ElementsAre(75, 15, 3));
  EXPECT_THAT(images_of[1], ElementsAre(25, 5, 1));
  EXPECT_EQ(stratified_parts(set, {0.75, 0.25}, std::vector<std::string>(100), 7), parts);
  EXPECT_NE(stratified_parts(set, {0.75, 0.25}, std::vector<std::string>(100), 8), parts);
}

TEST(Stratified, AGroupIsNotParted) {
  const Set set = hundred();
  std::vector<std::string> groups(100);
  for (std::size_t k = 0; k < 100; ++k)
    groups[k] = std::to_string(k / 10);
  const auto parts = stratified_parts(set, {0.5, 0.5}, groups, 1);
  for (std::size_t k = 0; k < 100; ++k)
    EXPECT_EQ(parts[k], parts[k / 10 * 10]);
  EXPECT_EQ(std::ranges::count(parts, 0u), 50);
}

TEST(Twins, AreToldWithTheFirstOfTheirKind) {
  Set first, second;
  first.images.resize(2);
  second.images.resize(3);
  first.images[1].rest = first.carried->add(R"("coco_url":"http://x/1")");
  second.images[0].rest = second.carried->add(R"("url":"http://x/1")");
  // What a merge writes: the url of where it came from.
  second.images[2].rest = second.carried->add(R"("sources":[{"name":"a","rest":{"flickr_url":"http://x/1"}}])");
  Findings findings;
  const auto twins = find_twins({marked(first, {}, findings), marked(second, {}, findings)});
  ASSERT_EQ(twins.size(), 2u);
  for (const auto& twin : twins) {
    EXPECT_EQ(twin.first.set, 0u);
    EXPECT_EQ(twin.first.image, 1u);
    EXPECT_EQ(twin.by, SamePhoto::By::url);
  }
  EXPECT_EQ(twins[1].second.image, 2u);
}

}  // namespace
}  // namespace graft::detection
