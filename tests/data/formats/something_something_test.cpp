#include <gmock/gmock.h>

#include "graft/data/dataset.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;

constexpr const char* kLabels = R"({"Pushing something": "1", "Holding something, still": "0"})";

TEST(SomethingSomething, TakesTemplatesWithoutTheirBrackets) {
  const TempFolder folder;
  folder.put("something-something-v2-labels.json", kLabels);
  folder.put("something-something-v2-train.json",
             R"([{"id": "7", "label": "pushing a cup", "template": "Pushing [something]", "placeholders": ["a cup"]},
                 {"id": 8, "template": "Holding [something], still"}])");
  folder.put("something-something-v2-validation.json", R"([{"id": "9", "template": "Pushing [something]"}])");
  folder.put("something-something-v2-test.json", R"([{"id": "10"}])");
  folder.put("videos/7.webm", "");
  const Dataset dataset = open_dataset(folder.path(), {.test_split = "validation"});
  EXPECT_EQ(dataset.format, "something-something");
  EXPECT_THAT(dataset.classes, ElementsAre("Holding something, still", "Pushing something"));
  EXPECT_EQ(dataset.train[0].input, "videos/7.webm");
  EXPECT_EQ(dataset.train[1].label, 0);
  EXPECT_EQ(dataset.test[0].input, "9");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "--test-split validation");
}

TEST(SomethingSomething, SaysWhatIsWrongAndWhere) {
  const TempFolder folder;
  folder.put("labels.json", kLabels);
  folder.put("validation.json", R"([{"id": "9", "template": "Pushing [something]"}])");
  folder.put("train.json", R"([{"id": "7", "template": "Pulling [something]"}])");
  EXPECT_ERROR(open_dataset(folder.path(), {.test_split = "validation"}), DataError,
               "the template \"Pulling something\" is not among the labels");
  folder.put("labels.json", R"({"a": "0", "b": "0"})");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "expected each number once");
}

}  // namespace
}  // namespace graft::data
