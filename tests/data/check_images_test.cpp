#include "graft/data/check_images.h"

#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "graft/core/signals.h"
#include "tests/data/bmp.h"
#include "tests/data/golden_images.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

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
  TempFolder folder;
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

TEST_F(CheckImages, SkipsThemWhereNoClassesAreTold) {
  dataset.classes.clear();
  dataset.target = Target::caption;
  EXPECT_THAT(without_bad_files(dataset, check_images(dataset, kAll, 2), OnBadFile::skip).train, testing::SizeIs(2));
  std::erase_if(dataset.train, [](const Sample& sample) { return sample.input == "good.bmp"; });
  ASSERT_FALSE(dataset.train.empty());
  EXPECT_ERROR(without_bad_files(dataset, check_images(dataset, kAll, 2), OnBadFile::skip), DataError,
               "none of the photos to train on can be read");
}

TEST_F(CheckImages, AClassIsLostWhereNoneOfSeveralIsToldAnyMore) {
  dataset.target = Target::labels;
  for (Sample& sample : dataset.train) {
    sample.values = {0, 0};
    sample.values[static_cast<std::size_t>(sample.label)] = 1;
  }
  dataset.train.push_back({"good.bmp", -1, "", {0, 0}});  // of no class
  EXPECT_THAT(without_bad_files(dataset, check_images(dataset, kAll, 2), OnBadFile::skip).train, testing::SizeIs(3));
  dataset.train.erase(dataset.train.begin() + 1);
  EXPECT_ERROR(without_bad_files(dataset, check_images(dataset, kAll, 2), OnBadFile::skip), DataError,
               "no photo of the class 'dog' can be read");
}

TEST_F(CheckImages, FillsTheCacheUpToItsBound) {
  ImageCache roomy, tight(Exif::keep, 10);
  check_images(dataset, kAll, 2, &roomy);
  check_images(dataset, kAll, 2, &tight);
  EXPECT_EQ(roomy.bytes(), 5u * 4 * 3);
  EXPECT_EQ(tight.bytes(), 0u);
  EXPECT_EQ(roomy.read(folder.path() / "good.bmp"), roomy.read(folder.path() / "good.bmp"));
  EXPECT_EQ(tight.read(folder.path() / "good.bmp")->rgb, golden::noise(5, 4, 1).rgb);
}

TEST_F(CheckImages, ALinkToNowhereIsABadPhotoWithItsTarget) {
  std::filesystem::create_symlink("gone/away.jpg", folder.path() / "link.jpg");
  dataset.train = {{"good.bmp", 0}, {"link.jpg", 1}};
  const auto bad = check_images(dataset, {Split::train}, 1);
  ASSERT_THAT(bad, testing::SizeIs(1));
  EXPECT_EQ(bad[0].reason, "a link to gone/away.jpg, which is not there");
}

TEST_F(CheckImages, StopsWithinASecondOfASignal) {
  const std::string large = bmp(golden::noise(2000, 1500, 1));
  dataset.train.clear();
  for (int i = 0; i < 200; ++i) {
    const std::string file = fmt::format("large{}.bmp", i);
    folder.put("large0.bmp", large);
    std::filesystem::create_hard_link(folder.path() / "large0.bmp", folder.path() / ("link_" + file));
    dataset.train.push_back({"link_" + file, i % 2});
  }
  std::chrono::steady_clock::time_point asked;
  std::jthread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    asked = std::chrono::steady_clock::now();
    request_stop(SIGINT);
  });
  EXPECT_THROW(check_images(dataset, {Split::train}, 1), Stopped);
  other.join();
  request_stop(0);
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(1));
}

TEST(ImageCache, RemembersTheContentAndTheFindingsOfWhatItRead) {
  const TempFolder folder;
  const auto one = folder.put("one.bmp", bmp(golden::noise(5, 4, 1)));
  const auto same = folder.put("same.bmp", bmp(golden::noise(5, 4, 1)));
  const auto other = folder.put("other.bmp", bmp(golden::noise(5, 4, 2)));
  ImageCache images(Exif::keep, 0);
  EXPECT_EQ(images.seen(one), nullptr);
  for (const auto& file : {one, same, other})
    images.read(file);
  EXPECT_EQ(images.seen(one)->content, images.seen(same)->content);
  EXPECT_NE(images.seen(one)->content, images.seen(other)->content);
  EXPECT_EQ(images.seen(one)->findings.orientation, 1);
}

TEST_F(CheckImages, TextsAreNoFiles) {
  dataset.reads = Reads::text;
  EXPECT_THAT(check_images(dataset, kAll, 1), testing::IsEmpty());
}

}  // namespace
}  // namespace graft::data
