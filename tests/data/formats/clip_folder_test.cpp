#include <gmock/gmock.h>

#include "graft/data/dataset.h"
#include "graft/data/format.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

void put_frames(const TempFolder& folder, const std::string& clip, const std::string& prefix, int digits, int count) {
  for (int i = 1; i <= count; ++i)
    folder.put(fmt::format("{}/{}{:0{}}.jpg", clip, prefix, i, digits), "");
}

std::vector<std::string> inputs(const std::vector<Sample>& samples) {
  std::vector<std::string> names;
  for (const Sample& sample : samples)
    names.push_back(sample.input);
  return names;
}

TEST(ClipFolder, ReadsVideoFilesBySplitAndClass) {
  const TempFolder folder;
  for (const char* file : {"train/open/1.mp4", "train/open/2.MKV", "train/close/1.webm", "test/open/3.avi",
                           "test/close/4.mov", "train/open/notes.txt"}) {
    folder.put(file, "");
  }
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_EQ(dataset.format, "clip-folder");
  EXPECT_EQ(dataset.reads, Reads::clip);
  EXPECT_THAT(dataset.classes, ElementsAre("close", "open"));
  EXPECT_THAT(inputs(dataset.train),
              UnorderedElementsAre("train/close/1.webm", "train/open/1.mp4", "train/open/2.MKV"));
  EXPECT_THAT(dataset.remarks, ElementsAre(testing::HasSubstr("1 no clip")));
}

TEST(ClipFolder, AFolderOfNumberedFramesIsAClip) {
  const TempFolder folder;
  for (const std::string label : {"open", "close"}) {
    for (int i = 0; i < 10; ++i)
      put_frames(folder, fmt::format("{}/{}", label, i), i == 0 ? "img_" : "", i == 0 ? 5 : 2, 3);
  }
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_EQ(dataset.format, "clip-folder");
  EXPECT_EQ(dataset.train.size() + dataset.val.size() + dataset.test.size(), 20u);
  for (const Sample& sample : dataset.train)
    EXPECT_EQ(sample.input.find(".jpg"), std::string::npos);
}

// What a class of photos looks like where somebody numbered them.
TEST(ClipFolder, ClassFoldersOfNumberedPhotosStayPhotos) {
  const TempFolder flat, split;
  for (const std::string name : {"cat", "dog"}) {
    put_frames(flat, name, "", 4, 10);
    for (const std::string of : {"train", "test"})
      put_frames(split, of + "/" + name, "img_", 5, 4);
  }
  EXPECT_EQ(open_dataset(flat.path()).reads, Reads::photo);
  EXPECT_EQ(open_dataset(split.path()).reads, Reads::photo);
}

TEST(ClipFolder, NamesWhatItIsOfWhenAClassHasNone) {
  const TempFolder folder;
  for (const char* file : {"train/a/1.mp4", "train/b/1.mp4", "train/empty/readme.txt", "test/a/1.mp4"})
    folder.put(file, "");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "the class 'empty' has no clip to train on");
}

}  // namespace
}  // namespace graft::data
