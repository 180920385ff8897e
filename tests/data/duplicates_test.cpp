#include "graft/data/duplicates.h"

#include <gmock/gmock.h>

#include "tests/data/bmp.h"
#include "tests/data/golden_images.h"
#include "tests/io/temporary_folder.h"

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
  io::TemporaryFolder folder;
  Dataset dataset;
  ImageCache images;
};

TEST_F(Duplicates, NamesPairsInTwoSplitsAndUnderTwoClasses) {
  dataset.train = {photo("a", 1, 0), photo("b", 2, 1), photo("c", 2, 0), photo("d", 3, 0)};
  dataset.test = {photo("e", 1, 0), photo("f", 4, 1), {"not read", 1}};
  EXPECT_THAT(duplicate_notes(dataset, images), ElementsAre("1 photo lies with the same bytes in two splits: a = e",
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

}  // namespace
}  // namespace graft::data
