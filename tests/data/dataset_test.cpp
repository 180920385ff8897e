#include "graft/data/dataset.h"

#include <gmock/gmock.h>

#include <map>

#include "graft/core/options.h"
#include "graft/data/format.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

TEST(Dataset, APathThatDoesNotExistIsAFileError) {
  EXPECT_ERROR(open_dataset("/no/such"), FileError, "/no/such");
}

TEST(Dataset, AnUnknownFileIsRefusedWithTheFormatsThatAreRead) {
  const TempFolder folder;
  EXPECT_ERROR(open_dataset(folder.put("x.txt", "hello")), DataError, "coop-split");
}

TEST(Dataset, AnUnknownFormatNamesTheNearest) {
  const TempFolder folder;
  EXPECT_ERROR(open_dataset(folder.path(), {.format = "image-foldr"}), UsageError, "image-folder");
}

TEST(Dataset, RefusesNoClassAndOneClass) {
  const TempFolder none, one;
  none.put("a.jpg", "");
  EXPECT_ERROR(open_dataset(none.path()), DataError, "no class was found");
  for (int i = 0; i < 10; ++i)
    one.put(fmt::format("cat/{}.jpg", i), "");
  EXPECT_ERROR(open_dataset(one.path()), DataError, "only one class, 'cat'");
}

TEST(Dataset, SaysEverythingThatIsWrongAtOnce) {
  const TempFolder folder;
  folder.put("train/cat/1.jpg", "");
  folder.put("valid/dog/1.jpg", "");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "2 problems");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "no photos in the split 'test'. Found: train, valid.");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "the class 'dog' has no photo to train on");
}

TEST(Dataset, ValMayServeAsTest) {
  const TempFolder folder;
  for (const char* file : {"train/a/1.jpg", "train/b/1.jpg", "val/a/2.jpg", "val/b/2.jpg"})
    folder.put(file, "");
  const Dataset dataset = open_dataset(folder.path(), {.test_split = "val"});
  EXPECT_EQ(dataset.test, dataset.val);
  EXPECT_EQ(dataset.test.size(), 2u);
}

TEST(Dataset, OnlyTheNeededSplitsMustBeThere) {
  const TempFolder folder;
  folder.put("test/a/1.jpg", "");
  folder.put("test/b/1.jpg", "");
  EXPECT_EQ(open_dataset(folder.path(), {}, {Split::test}).test.size(), 2u);
}

TEST(Dataset, OptionsAreReadByName) {
  const auto options = read_options<DatasetOptions>("adapt", {{"label-column", "kind"}, {"split-seed", "7"}});
  EXPECT_EQ(options.label_column, "kind");
  EXPECT_EQ(options.split_seed, 7);
}

TEST(PromptName, ShowsUnderscoresAsSpaces) {
  EXPECT_EQ(prompt_name("Flip_Flops"), "Flip Flops");
}

TEST(SplitBySeed, DealsHalfAFifthAndTheRestOfEachClass) {
  Dataset dataset;
  std::vector<Sample> samples;
  for (int i = 0; i < 60; ++i)
    samples.push_back({fmt::format("{:02}.jpg", i), i % 3});
  split_by_seed(dataset, samples, 1);
  std::map<std::string, int> seen;
  for (const Split split : {Split::train, Split::val, Split::test}) {
    std::map<std::int64_t, int> counts;
    for (const Sample& sample : dataset.split(split)) {
      ++counts[sample.label];
      ++seen[sample.input];
    }
    const int expected = split == Split::train ? 10 : split == Split::val ? 4 : 6;
    EXPECT_THAT(counts, testing::ElementsAre(testing::Pair(0, expected), testing::Pair(1, expected),
                                             testing::Pair(2, expected)));
  }
  EXPECT_EQ(seen.size(), 60u);
  Dataset same, other;
  std::reverse(samples.begin(), samples.end());
  split_by_seed(same, samples, 1);
  split_by_seed(other, samples, 2);
  EXPECT_EQ(same.train, dataset.train);  // whatever the order in which the folder lists them
  EXPECT_NE(other.train, dataset.train);
}

TEST(Dataset, ClassNamesWithCommasBetweenAreKeptAsThoseOfAFileAre) {
  EXPECT_THAT(class_names(" cat ,cafe\xcc\x81,\tdog,"), testing::ElementsAre("cat", "caf\xc3\xa9", "dog"));
}

}  // namespace
}  // namespace graft::data
