#include "graft/data/file_walk.h"

#include <gmock/gmock.h>

#include <csignal>

#include "graft/core/signals.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

TEST(FileWalk, TakesPhotosInTheOrderOfTheirNamesWhateverTheirBytes) {
  const TempFolder folder;
  for (const char* file : {"b.jpg", "a/2.PNG", "a/1.jfif", "a.bmp", "a b/ x.webp", "od\xff.jpg"})
    folder.put(file, "");
  const Walk walk = walk_photos(folder.path());
  EXPECT_THAT(walk.files, ElementsAre("a/1.jfif", "a/2.PNG", "a b/ x.webp", "a.bmp", "b.jpg", "od\xff.jpg"));
  EXPECT_THAT(walk.folders, ElementsAre("a", "a b"));
  EXPECT_TRUE(walk.left.empty());
}

TEST(FileWalk, LeavesHiddenAndShadowFilesAtAnyDepth) {
  const TempFolder folder;
  for (const char* file : {".a.jpg", ".git/x/y", "c/.ipynb_checkpoints/1.jpg", "#recycle/1.jpg", "c/$RECYCLE.BIN/2.jpg",
                           "c/Thumbs.db", "c/._1.jpg", ".AppleDouble/1.jpg", "c/1.jpg"})
    folder.put(file, "");
  const Walk walk = walk_photos(folder.path());
  EXPECT_THAT(walk.files, ElementsAre("c/1.jpg"));
  EXPECT_EQ(walk.left.count(LeftReason::hidden), 3u);
  EXPECT_EQ(walk.left.count(LeftReason::shadow), 5u);
  EXPECT_EQ(walk.left.count(), 8u);
}

TEST(FileWalk, TellsImagesThatAreNotReadFromPhotosWithoutAnEndingAndFromOtherFiles) {
  const TempFolder folder;
  for (const char* file : {"a.gif", "b.HEIC", "c.tif", "d.txt", "README"})
    folder.put(file, "x");
  folder.put("photo.jpg_original", "\xff\xd8\xff\xe0");
  folder.put("photo", "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(walk_photos(folder.path()).left.words(),
            "3 images of a kind that graft does not read (.gif, .heic, .tif), 2 photos without a photo's ending "
            "(.jpg_original, none), 2 no photos (.txt, README)");
}

TEST(FileWalk, FollowsLinksNeverRoundInACircle) {
  const TempFolder folder, other;
  other.put("far.jpg", "");
  folder.put("a/1.jpg", "");
  fs::create_directory_symlink(folder.path(), folder.path() / "a/up");
  fs::create_directory_symlink("loop", folder.path() / "loop");
  fs::create_directory_symlink(other.path(), folder.path() / "other");
  fs::create_symlink("nowhere.jpg", folder.path() / "gone.jpg");
  fs::create_symlink("nowhere.txt", folder.path() / "gone.txt");
  const Walk walk = walk_photos(folder.path());
  EXPECT_THAT(walk.files, ElementsAre("a/1.jpg", "gone.jpg", "other/far.jpg"));
  EXPECT_EQ(walk.left.words(), "1 link to nowhere (gone.txt), 2 links in a circle (a/up, loop)");
}

TEST(FileWalk, AFolderThatCannotBeListedIsAFileError) {
  const TempFolder folder;
  EXPECT_ERROR(walk_photos(folder.path() / "none"), FileError, "cannot be listed");
}

TEST(FileWalk, StopsForASignal) {
  const TempFolder folder;
  folder.put("1.jpg", "");
  request_stop(SIGTERM);
  EXPECT_THROW(walk_photos(folder.path()), Stopped);
  request_stop(0);
}

TEST(FileWalk, TakesTextsWhereThoseAreLookedFor) {
  const TempFolder folder;
  for (const char* file : {"a/1.txt", "a/2.TXT", "b.text", "c.jpg", "README", ".x.txt"})
    folder.put(file, "x");
  const Walk walk = walk_texts(folder.path());
  EXPECT_THAT(walk.files, ElementsAre("a/1.txt", "a/2.TXT", "b.text"));
  EXPECT_EQ(walk.left.words(), "1 hidden, 2 no texts (.jpg, README)");
}

}  // namespace
}  // namespace graft::data
