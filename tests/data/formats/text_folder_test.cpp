#include <gmock/gmock.h>

#include "graft/data/dataset.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::Contains;
using testing::ElementsAre;

// As aclImdb_v1.tar.gz unpacks (Maas et al. 2011).
class ReviewFolders : public testing::Test {
 protected:
  ReviewFolders() {
    folder.put("README", "Large Movie Review Dataset v1.0");
    folder.put("imdb.vocab", "the\n");
    for (const char* split : {"train", "test"}) {
      for (const char* kind : {"neg", "pos"}) {
        for (int i = 0; i < 3; ++i)
          folder.put(fmt::format("{}/{}/{}_{}.txt", split, kind, i, 7),
                     fmt::format("A {} {} film {}.", kind, split, i));
        folder.put(fmt::format("{}/urls_{}.txt", split, kind), "http://www.imdb.com\n");
      }
      folder.put(fmt::format("{}/labeledBow.feat", split), "9 0:9\n");
    }
    folder.put("train/unsup/0_0.txt", "Nobody said.");
    folder.put("train/unsup/1_0.txt", "Nobody said more.");
  }
  TempFolder folder;
};

TEST_F(ReviewFolders, AreReadWithTheirSplitsAndWhatIsLeftIsSaid) {
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_EQ(dataset.format, "text-folder");
  EXPECT_EQ(dataset.reads, Reads::text);
  EXPECT_EQ(dataset.target, Target::label);
  EXPECT_THAT(dataset.classes, ElementsAre("neg", "pos"));
  EXPECT_EQ(dataset.train.size(), 6u);
  EXPECT_EQ(dataset.test.size(), 6u);
  EXPECT_EQ(dataset.test[3], (Sample{.input = "A pos test film 0.", .label = 1, .name = "test/pos/0_7.txt"}));
  EXPECT_THAT(dataset.remarks, Contains(testing::HasSubstr("2 unlabelled (unsup)")));
  EXPECT_THAT(dataset.remarks, Contains(testing::HasSubstr("4 in no class folder (test/, train/)")));
  EXPECT_THAT(dataset.remarks, Contains(testing::HasSubstr("4 no texts (.feat, .vocab, README)")));
}

TEST_F(ReviewFolders, EmptyAndUnreadableTextsAreRefusedTogether) {
  folder.put("train/pos/8_1.txt", " \n\xe2\x80\x8b\n");
  folder.put("train/neg/9_1.txt", "fine\nna\xefve");
  folder.put("test/neg/3_1.txt", std::string("a text with a zero\0 in it", 25));
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "3 problems");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "train/pos/8_1.txt: is empty.");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "train/neg/9_1.txt:2: expected UTF-8, got the byte 0xef");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "test/neg/3_1.txt:1: holds a zero byte");
}

TEST(TextFolder, KeepsATextAsItIsButForItsFilesLastLineEnds) {
  const TempFolder folder;
  folder.put("train/a/1.txt", "\xef\xbb\xbf  one\r\n\r\ntwo \r\n\r\n");
  folder.put("train/b/1.TXT", "three");
  folder.put("test/a/1.txt", "four");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_EQ(dataset.train[0].input, "  one\n\ntwo ");
  EXPECT_EQ(dataset.train[1].label, 1);
}

TEST(TextFolder, WithoutSplitsOneIsMadeUp) {
  const TempFolder folder;
  for (int i = 0; i < 20; ++i)
    folder.put(fmt::format("{}/{}.txt", i % 2 ? "ham" : "spam", i), fmt::format("text {}", i));
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_THAT(dataset.classes, ElementsAre("ham", "spam"));
  EXPECT_EQ(dataset.train.size(), 10u);
  EXPECT_THAT(dataset.remarks, ElementsAre("a split was made up: 50/20/30 % of each class (--split-seed 1)"));
}

TEST(TextFolder, AClassCalledUnsupAloneIsAClass) {
  const TempFolder folder;
  folder.put("train/unsup/1.txt", "a");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "only one class, 'unsup'");
}

TEST(TextFolder, APhotoBetweenTheTextsMakesItAFolderOfPhotos) {
  const TempFolder folder;
  folder.put("train/a/1.txt", "a");
  folder.put("train/b/1.txt", "b");
  folder.put("train/b/1.jpg", "");
  folder.put("test/b/2.jpg", "");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "read as image-folder");
  EXPECT_EQ(open_dataset(folder.path(), {.format = "text-folder"}, {Split::train}).train.size(), 2u);
}

TEST(TextFolder, SaysOneClassOfEach) {
  const TempFolder folder;
  folder.put("train/a/1.txt", "a");
  folder.put("train/b/1.txt", "b");
  EXPECT_ERROR(open_dataset(folder.path(), {.target = Target::value}), DataError, "a folder names one class");
}

}  // namespace
}  // namespace graft::data
