#include <gmock/gmock.h>

#include "graft/data/dataset.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;

TEST(Kinetics, FindsTrimmedClipsInFoldersOfTheirClassWithBlanksOrUnderscores) {
  const TempFolder folder;
  folder.put("k400.csv",
             "label,youtube_id,time_start,time_end,split,is_cc\n"
             "\"arm wrestling\",-a_b,3,13,train,0\n"
             "\"arm wrestling\",c,0.0,10.0,train,0\nabseiling,d,7,17,train,1\nabseiling,e,7,17,test,1\n");
  folder.put("arm_wrestling/-a_b_000003_000013.mp4", "");
  folder.put("arm wrestling/c_000000_000010.mp4", "");
  folder.put("test/e_000007_000017.mp4", "");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_THAT(dataset.classes, ElementsAre("abseiling", "arm wrestling"));
  EXPECT_EQ(dataset.train[0].input, "arm_wrestling/-a_b_000003_000013.mp4");
  EXPECT_EQ(dataset.train[1].input, "arm wrestling/c_000000_000010.mp4");
  EXPECT_EQ(dataset.train[2].input, "d_000007_000017.mp4");  // missed when it is opened
  EXPECT_EQ(dataset.test[0].input, "test/e_000007_000017.mp4");
}

// As the lists are published: train.csv, validate.csv, and a test.csv without labels (cvdfoundation/kinetics-dataset
// 31).
TEST(Kinetics, LeavesATestListWithoutLabelsAndSaysSo) {
  const TempFolder folder;
  const std::string columns = "youtube_id,time_start,time_end,split\n";
  folder.put("train.csv", "label," + columns + "x,a,1,2,train\ny,b,1,2,train\n");
  folder.put("validate.csv", "label," + columns + "x,c,1,2,validate\ny,d,1,2,validate\n");
  folder.put("test.csv", columns + "e,1,2,test\n");
  const Dataset dataset = open_dataset(folder.path(), {.test_split = "validate"});
  EXPECT_EQ(dataset.train.size(), 2u);
  EXPECT_EQ(dataset.test.size(), 2u);
  EXPECT_THAT(dataset.notes, ElementsAre(testing::HasSubstr("test.csv has no column 'label', and is left")));
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "no clips in the split 'test'. Found: train, validate");
}

TEST(Kinetics, SaysWhatIsWrongAndWhere) {
  const TempFolder folder;
  const auto open = [&](const char* text) { open_dataset(folder.put("k.csv", text)); };
  EXPECT_ERROR(open("youtube_id,time_start,time_end,split\na,1,2,test\n"), DataError, "has no column 'label'");
  EXPECT_ERROR(open("label,youtube_id,time_start,time_end,split\nx,a,one,2,test\n"), DataError,
               "k.csv:2: expected a label");
}

}  // namespace
}  // namespace graft::data
