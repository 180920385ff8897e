#include <gmock/gmock.h>

#include "graft/data/dataset.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;

TEST(TableOfClips, ReadsSpansInSecondsOrFrames) {
  const TempFolder folder;
  const auto seconds = open_dataset(folder.put("a.csv",
                                               "video,start,end,label,split\n"
                                               "x.mp4,0.5,2,run,train\nx.mp4,2,,walk,train\nx.mp4,,,run,test\n"));
  EXPECT_EQ(seconds.reads, Reads::clip);
  EXPECT_THAT(seconds.classes, ElementsAre("run", "walk"));
  EXPECT_EQ(seconds.train[0].span, (Span{Span::Unit::seconds, 0.5, 2}));
  EXPECT_EQ(seconds.train[1].span, (Span{Span::Unit::seconds, 2, {}}));
  EXPECT_EQ(seconds.test[0].span, std::nullopt);
  EXPECT_EQ(seconds.train[0].shown(), "x.mp4 (a.csv:2)");
  const auto frames = open_dataset(folder.put("b.csv",
                                              "path,start_frame,end_frame,label,split\n"
                                              "x.webm,8,24,run,train\ny.webm,0,8,walk,train\ny.webm,8,16,run,test\n"));
  EXPECT_EQ(frames.train[0].span, (Span{Span::Unit::frames, 8, 24}));
}

TEST(TableOfClips, SaysWhatIsWrongAndWhere) {
  const TempFolder folder;
  const auto open = [&](const char* text) { open_dataset(folder.put("a.csv", text)); };
  EXPECT_ERROR(open("video,start,end,label\nx.mp4,soon,2,run\n"), DataError,
               "a.csv:2: 'start' is \"soon\": expected seconds");
  EXPECT_ERROR(open("video,start,end,label\nx.mp4,3,2,run\n"), DataError,
               "a.csv:2: the span ends at 2, where it begins at 3");
  EXPECT_ERROR(open("video,end,label\nx.mp4,3,run\n"), DataError, "add one called start");
}

}  // namespace
}  // namespace graft::data
