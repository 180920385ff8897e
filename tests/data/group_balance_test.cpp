#include "graft/data/group_balance.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;

// Ten of one group, six of another, four of a third.
Dataset of_three_groups() {
  Dataset dataset;
  dataset.name = "birds";
  dataset.classes = {"a", "b"};
  for (int i = 0; i < 20; ++i) {
    const std::string group = i % 5 == 4 ? "rare" : i % 3 == 0 ? "some" : "many";
    dataset.train.push_back({.input = std::to_string(i), .label = i % 2, .group = group});
  }
  dataset.val = {dataset.train[0]};
  return dataset;
}

std::map<std::string, int> counts(const Dataset& dataset) {
  std::map<std::string, int> counts;
  for (const Sample& sample : dataset.train)
    ++counts[sample.group];
  return counts;
}

TEST(GroupBalance, OfEachGroupAsManyAsTheSmallestHasInTheirOrder) {
  const auto dataset = of_three_groups();
  const auto before = counts(dataset);
  ASSERT_EQ(before.at("rare"), 4);
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto balanced = balanced_by_group(dataset, seed);
    for (const auto& [group, count] : counts(balanced))
      EXPECT_EQ(count, 4) << group;
    int last = -1;
    for (const Sample& sample : balanced.train) {
      EXPECT_LT(last, std::stoi(sample.input));
      last = std::stoi(sample.input);
      seen.insert(sample.input);
    }
    EXPECT_EQ(balanced.val, dataset.val);
    EXPECT_EQ(balanced_by_group(dataset, seed).train, balanced.train);
  }
  EXPECT_EQ(seen.size(), 20);  // each is drawn by some seed
}

TEST(GroupBalance, NeedsAGroupOfEachExampleAndTwoOfThem) {
  auto dataset = of_three_groups();
  EXPECT_THAT(training_groups(dataset, "--balance group"), ElementsAre("many", "rare", "some"));
  dataset.train[7].group.clear();
  EXPECT_ERROR(balanced_by_group(dataset, 1), ConfigError,
               "--balance group: 7 is of no group. Name the table's column");
  for (auto& sample : dataset.train)
    sample.group = "one";
  EXPECT_ERROR(balanced_by_group(dataset, 1), ConfigError, "all training photos of birds are of one group ('one')");
}

TEST(GroupBalance, ATableTellsGroups) {
  const TempFolder folder;
  const auto file = folder.put("t.csv",
                               "file,label,split,place\na.jpg,x,train,sea\nb.jpg,y,train,land\nc.jpg,y,train,sea\n"
                               "d.jpg,x,test,land\n");
  const auto dataset = open_dataset(file, {.group_column = "Place"});
  EXPECT_EQ(dataset.train[1].group, "land");
  EXPECT_EQ(dataset.test[0].group, "land");
  EXPECT_EQ(open_dataset(file).train[1].group, "");
  EXPECT_ERROR(open_dataset(file, {.group_column = "plaec"}), DataError,
               "--group-column: no column 'plaec'. Did you mean 'place'?");
  const auto gap =
      folder.put("gap.csv", "file,label,split,place\na.jpg,x,train,sea\nb.jpg,y,train,\nc.jpg,y,test,sea\n");
  EXPECT_ERROR(open_dataset(gap, {.group_column = "place"}), DataError, "gap.csv:3: no group in the column 'place'.");
  folder.put("photos/train/x/a.jpg", "");
  folder.put("photos/train/y/b.jpg", "");
  EXPECT_ERROR(open_dataset(folder / "photos", {.group_column = "place"}), ConfigError,
               "is read as image-folder, and only a table has columns.");
}

}  // namespace
}  // namespace graft::data
