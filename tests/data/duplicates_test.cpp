#include "graft/data/duplicates.h"

#include <gmock/gmock.h>

#include "tests/data/bmp.h"
#include "tests/data/golden_images.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;

class Duplicates : public testing::Test {
 protected:
  Duplicates() {
    dataset.root = folder.path();
    dataset.classes = {"cat", "dog"};
  }
  Sample photo(const std::string& file, std::uint32_t seed, std::int64_t label) {
    images.read(folder.put(file, bmp(golden::noise(5, 4, seed))));
    return {file, label};
  }
  TempFolder folder;
  Dataset dataset;
  ImageCache images;
};

TEST_F(Duplicates, NamesPairsInTwoSplitsAndUnderTwoClasses) {
  dataset.train = {photo("a", 1, 0), photo("b", 2, 1), photo("c", 2, 0), photo("d", 3, 0)};
  dataset.test = {photo("e", 1, 0), photo("f", 4, 1), {"not read", 1}};
  EXPECT_THAT(duplicate_notes(dataset, images),
              ElementsAre("1 photo lies with the same bytes in two splits: a = e",
                          "1 photo lies with the same bytes under two classes: b = c"));
}

TEST_F(Duplicates, ShowsTheFirstThree) {
  for (std::uint32_t i = 0; i < 5; ++i) {
    dataset.train.push_back(photo(fmt::format("a{}", i), i, 0));
    dataset.test.push_back(photo(fmt::format("b{}", i), i, 0));
  }
  EXPECT_THAT(duplicate_notes(dataset, images),
              ElementsAre("5 photos lie with the same bytes in two splits: a0 = b0, a1 = b1, a2 = b2, ..."));
}

TEST_F(Duplicates, ASplitThatServesAsTwoIsNoMistake) {
  dataset.train = {photo("a", 1, 0)};
  dataset.val = dataset.test = {photo("b", 2, 0), photo("c", 2, 0)};
  EXPECT_THAT(duplicate_notes(dataset, images), testing::IsEmpty());
}

TEST_F(Duplicates, OfTextsAreSaidToo) {
  dataset.reads = Reads::text;
  dataset.train = {{.input = "good", .label = 0, .name = "t.csv:2"},
                   {.input = "bad", .label = 1, .name = "t.csv:3"},
                   {.input = "bad", .label = 0, .name = "t.csv:4"}};
  dataset.test = {{.input = "good", .label = 0, .name = "t.csv:5"}, {.input = "good ", .label = 0, .name = "t.csv:6"}};
  EXPECT_THAT(duplicate_notes(dataset, images), ElementsAre("1 text stands in two splits: t.csv:2 = t.csv:5",
                                                            "1 text stands under two classes: t.csv:3 = t.csv:4"));
  dataset.target = Target::value;
  dataset.train = {{.input = "a", .pair = "b", .values = {1}, .name = "p.csv:2"},
                   {.input = "a", .pair = "c", .values = {2}, .name = "p.csv:3"},
                   {.input = "a", .pair = "b", .values = {3}, .name = "p.csv:4"}};
  dataset.test.clear();
  EXPECT_THAT(duplicate_notes(dataset, images), ElementsAre("1 text stands with two answers: p.csv:2 = p.csv:4"));
}

}  // namespace
}  // namespace graft::data
