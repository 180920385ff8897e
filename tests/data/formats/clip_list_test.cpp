#include <gmock/gmock.h>

#include "graft/data/dataset.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ClipList, ReadsMmactionsVideosWithBlanksInTheirPaths) {
  const TempFolder folder;
  folder.put("videos/a clip.mp4", "");
  folder.put("k400_train_list_videos.txt", "a clip.mp4 0\nb.mp4 1\n");
  folder.put("k400_val_list_videos.txt", "c.mp4 1\n");
  const Dataset dataset = open_dataset(folder.path(), {.test_split = "val"});
  EXPECT_EQ(dataset.format, "clip-list");
  EXPECT_THAT(dataset.classes, ElementsAre("0", "1"));
  EXPECT_EQ(dataset.train[0].input, "videos/a clip.mp4");
  EXPECT_EQ(dataset.train[1].label, 1);
  EXPECT_EQ(dataset.test.size(), 1u);
}

// facebookresearch/TimeSformer 70: ids in place of files; open-mmlab/mmaction2 128 and 2659: blanks at ends, inside,
// twice.
TEST(ClipList, ReadsIdsWithoutEndingsAndOddBlanks) {
  const TempFolder folder;
  folder.put("videos/-3B32lodo2M.mp4", "");
  folder.put("train.csv", "-3B32lodo2M 0\r\ndrinking (31).mp4  1 \n");
  folder.put("test.csv", "-3B32lodo2M 0\n");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_EQ(dataset.format, "clip-list");
  EXPECT_EQ(dataset.train[0].input, "videos/-3B32lodo2M.mp4");
  EXPECT_EQ(dataset.train[1].input, "drinking (31).mp4");
}

// mmaction2's with_offset: frame 12 of the list is the file img_00013.jpg.
TEST(ClipList, ReadsFrameFoldersWithTheirCountsAndOffsets) {
  const TempFolder folder;
  for (int i = 1; i <= 20; ++i)
    folder.put(fmt::format("rawframes/a/img_{:05}.jpg", i), "");
  folder.put("train.txt", "a 20 0\na 12 8 1\n");
  folder.put("test.txt", "a 4 0\n");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_EQ(dataset.train[0].input, "rawframes/a");
  EXPECT_EQ(dataset.train[0].span, (Span{Span::Unit::frames, 0, 20}));
  EXPECT_EQ(dataset.train[1].span, (Span{Span::Unit::frames, 12, 20}));
}

TEST(ClipList, ReadsUcf101ByItsFoldersAndChecksItsNumbers) {
  const TempFolder folder;
  folder.put("classInd.txt", "1 Archery\n2 Biking\n");
  folder.put("trainlist01.txt", "Archery/v_1.avi 1\nBiking/v_2.avi 2\n");
  folder.put("trainlist02.txt", "Archery/v_3.avi 1\nBiking/v_2.avi 2\n");
  folder.put("testlist01.txt", "Biking/v_4.avi\n");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_THAT(dataset.classes, ElementsAre("Archery", "Biking"));
  EXPECT_EQ(dataset.test.front().label, 1);
  EXPECT_THAT(dataset.notes, Contains(HasSubstr("--train-split trainlist02")));
  EXPECT_EQ(open_dataset(folder.path(), {.train_split = "trainlist02"}).train.front().input, "Archery/v_3.avi");
  folder.put("trainlist01.txt", "Archery/v_1.avi 2\n");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "trainlist01.txt:1: class 2, but Archery is 1 in classInd.txt");
}

TEST(ClipList, ReadsHmdb51ByItsMarks) {
  const TempFolder folder;
  folder.put("wave_test_split1.txt", "a.avi 1\nb.avi 2\nc.avi 0\n");
  folder.put("run_test_split1.txt", "d.avi 1\ne.avi 2\n");
  folder.put("run_test_split2.txt", "d.avi 2\ne.avi 1\n");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_THAT(dataset.classes, ElementsAre("run", "wave"));
  EXPECT_EQ(dataset.train.size(), 2u);
  EXPECT_EQ(dataset.test.size(), 2u);
}

TEST(ClipList, SaysWhatIsWrongAndWhere) {
  const TempFolder folder;
  const auto open = [&](const char* text) { open_dataset(folder.put("list.txt", text)); };
  EXPECT_ERROR(open("a.mp4 0\nb.mp4\n"), DataError, "list.txt:2: no label behind the path");
  EXPECT_ERROR(open("a.mp4 0\nb.mp4 1 2\n"), DataError, "list.txt:2: 2 labels for a clip");
  EXPECT_ERROR(open("a.mp4 0\nb.mp4 -1\n"), DataError, "list.txt:2: the label -1, which stands for none");
}

}  // namespace
}  // namespace graft::data
