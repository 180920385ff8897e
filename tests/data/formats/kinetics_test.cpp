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

TEST(Kinetics, SaysWhatIsWrongAndWhere) {
  const TempFolder folder;
  const auto open = [&](const char* text) { open_dataset(folder.put("k.csv", text)); };
  EXPECT_ERROR(open("youtube_id,time_start,time_end,split\na,1,2,test\n"), DataError, "has no column 'label'");
  EXPECT_ERROR(open("label,youtube_id,time_start,time_end,split\nx,a,one,2,test\n"), DataError,
               "k.csv:2: expected a label");
}

}  // namespace
}  // namespace graft::data
