#include "graft/data/few_shot.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <set>

#include "tests/data/golden_images.h"
#include "tests/io/expect_error.h"

namespace graft::data {
namespace {

std::vector<Sample> samples(const nlohmann::json& rows) {
  std::vector<Sample> out;
  for (const auto& row : rows)
    out.push_back({row[0], row[1]});
  return out;
}

Dataset golden_dataset() {
  const auto golden = golden::read("python_random.json");
  return {.name = "golden",
          .root = {},
          .classes = {"a", "b", "c", "d", "e", "f"},
          .train = samples(golden["train"]),
          .val = samples(golden["val"]),
          .test = {{"x.jpg", 0}},
          .found_splits = {}};
}

TEST(FewShot, PicksThePhotosOfCoOpsProtocol) {
  const Dataset dataset = golden_dataset();
  const auto golden = golden::read("python_random.json");
  for (const auto& expected : golden.at("few_shot")) {
    const Dataset few = few_shot(dataset, expected["shots"], expected["seed"]);
    EXPECT_EQ(few.train, samples(expected["train"])) << expected["shots"];
    EXPECT_EQ(few.val, samples(expected["val"])) << expected["shots"];
    EXPECT_EQ(few.test, dataset.test);
  }
}

TEST(FewShot, WithoutAValSplitTakesItFromTrainPhotosThatWereNotDrawn) {
  Dataset dataset = golden_dataset();
  dataset.val.clear();
  const Dataset few = few_shot(dataset, 16, 1);
  EXPECT_EQ(few.train, few_shot(golden_dataset(), 16, 1).train);
  ASSERT_EQ(few.val.size(), 4u * 6);
  std::set<std::string> drawn;
  for (const Sample& sample : few.train)
    drawn.insert(sample.input);
  for (const Sample& sample : few.val)
    EXPECT_TRUE(drawn.insert(sample.input).second) << sample.input;
}

TEST(FewShot, RefusesMoreShotsThanAClassHasPhotos) {
  const Dataset dataset = golden_dataset();
  EXPECT_ERROR(few_shot(dataset, 500, 1), DataError, "--shots 500, but class 'a' has");
  EXPECT_ERROR(few_shot(dataset, 500, 1), DataError, "6 problems");
  EXPECT_ERROR(few_shot(dataset, 0, 1), ConfigError, "--shots 0");
}

TEST(BaseAndNewClasses, HalveTheClassesAndCountFromZero) {
  Dataset dataset = golden_dataset();
  dataset.classes.resize(5);
  std::erase_if(dataset.train, [](const Sample& s) { return s.label == 5; });
  const Dataset base = base_classes(dataset), fresh = new_classes(dataset);
  EXPECT_THAT(base.classes, testing::ElementsAre("a", "b", "c"));
  EXPECT_THAT(fresh.classes, testing::ElementsAre("d", "e"));
  EXPECT_EQ(base.train.size() + fresh.train.size(), dataset.train.size());
  EXPECT_THAT(fresh.train, testing::Each(testing::Field(&Sample::label, testing::AnyOf(0, 1))));
}

}  // namespace
}  // namespace graft::data
