#include "graft/data/check_images.h"

#include <gmock/gmock.h>

#include "tests/data/bmp.h"
#include "tests/data/golden_images.h"
#include "tests/io/expect_error.h"
#include "tests/io/temporary_folder.h"

namespace graft::data {
namespace {

const std::vector<Split> kAll = {Split::train, Split::val, Split::test};

class CheckImages : public testing::Test {
 protected:
  CheckImages() {
    const std::string good = bmp(golden::noise(5, 4, 1));
    folder.put("good.bmp", good);
    folder.put("cut.bmp", good.substr(0, 60));
    folder.put("text.jpg", "no photo");
    dataset = {.name = "pets",
               .root = folder.path(),
               .classes = {"cat", "dog"},
               .train = {{"good.bmp", 0}, {"good.bmp", 1}, {"text.jpg", 1}},
               .val = {},
               .test = {{"cut.bmp", 0}, {"gone.png", 0}},
               .found_splits = {}};
  }
  io::TemporaryFolder folder;
  Dataset dataset;
};

TEST_F(CheckImages, FindsWhatCannotBeDecodedAtAnyNumberOfThreads) {
  for (const int threads : {1, 3}) {
    const auto bad = check_images(dataset, kAll, threads);
    EXPECT_THAT(
        bad, testing::ElementsAre(testing::Field(&BadFile::file, "cut.bmp"), testing::Field(&BadFile::file, "gone.png"),
                                  testing::Field(&BadFile::file, "text.jpg")));
  }
  EXPECT_THAT(check_images(dataset, {Split::train}, 2), testing::SizeIs(1));
}

TEST_F(CheckImages, RefusesWithTheList) {
  const auto bad = check_images(dataset, kAll, 2);
  EXPECT_ERROR(without_bad_files(dataset, bad, OnBadFile::refuse), DataError, "text.jpg");
  EXPECT_ERROR(without_bad_files(dataset, bad, OnBadFile::refuse), DataError, "3 photos cannot be read");
}

TEST_F(CheckImages, SkipsThemInEverySplit) {
  const Dataset rest = without_bad_files(dataset, check_images(dataset, kAll, 2), OnBadFile::skip);
  EXPECT_THAT(rest.train, testing::ElementsAre(Sample{"good.bmp", 0}, Sample{"good.bmp", 1}));
  EXPECT_THAT(rest.test, testing::IsEmpty());
}

TEST_F(CheckImages, RefusesWhenSkippingEmptiesAClass) {
  dataset.train.erase(dataset.train.begin() + 1);
  EXPECT_ERROR(without_bad_files(dataset, check_images(dataset, kAll, 2), OnBadFile::skip), DataError,
               "no photo of the class 'dog' can be read");
}

TEST_F(CheckImages, FillsTheCacheUpToItsBound) {
  ImageCache roomy, tight(10);
  check_images(dataset, kAll, 2, &roomy);
  check_images(dataset, kAll, 2, &tight);
  EXPECT_EQ(roomy.bytes(), 5u * 4 * 3);
  EXPECT_EQ(tight.bytes(), 0u);
  EXPECT_EQ(roomy.read(folder.path() / "good.bmp"), roomy.read(folder.path() / "good.bmp"));
  EXPECT_EQ(tight.read(folder.path() / "good.bmp")->rgb, golden::noise(5, 4, 1).rgb);
}

}  // namespace
}  // namespace graft::data
