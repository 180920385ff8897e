#include "graft/data/clip_source.h"

#include <gmock/gmock.h>

#include <set>

#include "graft/core/error.h"
#include "graft/data/batch.h"
#include "graft/data/check_clips.h"
#include "tests/data/bmp.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kSide = 8;

// Frame k is (10 k, x, y): which frame it is, and which pixel.
Image frame(int k, int width = kSide, int height = kSide) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const int value : {10 * k, x, y})
        image.rgb.push_back(static_cast<std::uint8_t>(value));
    }
  }
  return image;
}

class ClipSourceTest : public testing::Test {
 protected:
  void put_clip(const std::string& name, int frames, int width = kSide) {
    for (int k = 0; k < frames; ++k)
      folder_.put(fmt::format("{}/{:05}.bmp", name, k), bmp(frame(k, width)));
  }
  ClipSource source(ClipReading reading, Augmentation augmentation = {}, std::vector<Sample> samples = {{"a", 0}}) {
    Preprocessing p;
    p.resize = {kSide, kSide};
    p.interpolation = Filter::nearest;
    p.scale = 1;
    p.mean = {0, 0, 0};
    p.std = {1, 1, 1};
    if (!cache_) cache_ = std::make_shared<FrameCache>(FrameCache::Options{});
    return {folder_.path(), std::move(samples), ImageTransform(p, augmentation), reading, cache_};
  }
  static std::vector<float> read(const ClipSource& source, std::int64_t i, std::uint64_t seed = 1) {
    std::vector<float> pixels(source.floats());
    Row row;
    row.pixels = pixels;
    source.read(i, Random(seed), row);
    return pixels;
  }
  // Which frames came, and from which column their first pixel.
  static std::vector<int> shown(const std::vector<float>& pixels, std::size_t channel = 0) {
    std::vector<int> all;
    for (std::size_t at = 0; at < pixels.size(); at += std::size_t{3} * kSide * kSide)
      all.push_back(static_cast<int>(pixels[at + channel * kSide * kSide]) / (channel == 0 ? 10 : 1));
    return all;
  }

  TempFolder folder_;
  std::shared_ptr<FrameCache> cache_;
};

TEST_F(ClipSourceTest, ReadsTheFramesOfItsRule) {
  put_clip("a", 20);
  const auto four = source({.sampling = {.rule = video::Sampling::segments, .frames = 4}});
  EXPECT_THAT(shown(read(four, 0)), ElementsAre(2, 7, 12, 17));
  EXPECT_THAT(four.frames_of(0), ElementsAre(2, 7, 12, 17));
}

TEST_F(ClipSourceTest, ViewsOfAClipFollowOneAnotherAndCropsComeLast) {
  put_clip("a", 20, 12);
  const auto views =
      source({.sampling = {.rule = video::Sampling::dense_new, .frames = 2, .stride = 3, .views = 2}, .crops = 3});
  EXPECT_EQ(views.size(), 6);
  EXPECT_EQ(views.views(), 6);
  std::vector<std::vector<int>> frames, columns;
  for (std::int64_t i = 0; i < 6; ++i) {
    frames.push_back(shown(read(views, i)));
    columns.push_back(shown(read(views, i), 1));
  }
  EXPECT_THAT(frames[0], ElementsAre(0, 3));
  EXPECT_THAT(frames[1], ElementsAre(16, 19));
  EXPECT_THAT(frames[4], ElementsAre(0, 3));
  EXPECT_THAT(columns[0], ElementsAre(0, 0));  // left, middle, right of 12 - 8 pixels
  EXPECT_THAT(columns[2], ElementsAre(2, 2));
  EXPECT_THAT(columns[4], ElementsAre(4, 4));
  std::set<std::string> contents;
  for (std::int64_t i = 0; i < 6; ++i)
    contents.insert(views.content(i));
  EXPECT_EQ(contents.size(), 6u);
}

TEST_F(ClipSourceTest, OneDrawIsMadeAClip) {
  put_clip("a", 20, 14);
  const Augmentation crop{.crop = TrainCrop::random, .resize = kSide};
  const auto random = source({.sampling = {.rule = video::Sampling::segments, .frames = 4}}, crop);
  std::set<std::vector<int>> frames;
  std::set<int> columns;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto pixels = read(random, 0, seed);
    const auto left = shown(pixels, 1);
    EXPECT_EQ(std::set<int>(left.begin(), left.end()).size(), 1u) << "frames of one clip were cut at different places";
    columns.insert(left.front());
    frames.insert(shown(pixels));
    EXPECT_EQ(pixels, read(random, 0, seed));
  }
  EXPECT_GT(columns.size(), 3u);
  EXPECT_GT(frames.size(), 3u);
}

TEST_F(ClipSourceTest, ASpanIsAClipOfItsOwn) {
  put_clip("a", 30);
  const auto spans =
      source({.sampling = {.rule = video::Sampling::segments, .frames = 2}}, {},
             {{.input = "a", .span = Span{Span::Unit::frames, 10, 14}}, {.input = "a", .span = Span{.begin = 0.5}}});
  EXPECT_THAT(shown(read(spans, 0)), ElementsAre(11, 13));
  EXPECT_EQ(spans.frames_of(1).front() >= 15, true);  // a folder of frames has 30 a second
}

TEST_F(ClipSourceTest, FramesOnDiskAreTheSameAndAreNotDecodedAgain) {
  put_clip("a", 12);
  const TempFolder kept;
  const ClipReading reading{.sampling = {.frames = 4}};
  const auto plain = read(source(reading), 0);
  const auto again = [&] {
    cache_ = std::make_shared<FrameCache>(FrameCache::Options{.folder = kept.path()});
    EXPECT_EQ(read(source(reading), 0), plain);
    return cache_->decoded();
  };
  EXPECT_EQ(again(), 4);
  EXPECT_EQ(again(), 0);
}

TEST_F(ClipSourceTest, ABatchHasARowForEachFrame) {
  put_clip("a", 12);
  const auto clips = source({.sampling = {.frames = 3}}, {}, {{"a", 0}, {"a", 1}});
  const auto batch = batch_of(clips, {0, 1});
  EXPECT_EQ(batch.frames, 3);
  EXPECT_EQ(batch.images.size(), 2 * clips.floats());
}

TEST_F(ClipSourceTest, BadClipsAndSpansAreNamed) {
  put_clip("a", 5);
  folder_.put("text.mp4", "no video");
  Dataset dataset;
  dataset.root = folder_.path();
  dataset.reads = Reads::clip;
  dataset.test = {{.input = "a"},
                  {.input = "a", .span = Span{Span::Unit::frames, 0, 9}},
                  {.input = "text.mp4"},
                  {.input = "gone.mp4"}};
  FrameCache cache({});
  const auto bad = check_clips(dataset, {Split::test}, 2, cache);
  ASSERT_EQ(bad.size(), 3u);
  EXPECT_THAT(bad[0].reason, HasSubstr("has 5 frames, and frames up to 9 are asked for"));
  EXPECT_EQ(bad[1].file, "gone.mp4");
  EXPECT_EQ(bad[2].file, "text.mp4");
}

TEST(ClipReading, RefusesWhatContradictsItself) {
  EXPECT_ERROR(reading_of({.frames = 0}), ConfigError, "--frames 0: expected 1 to");
  EXPECT_ERROR(reading_of({.crops = 2}), ConfigError, "--test-crops 2: expected 1 or 3");
  EXPECT_EQ(reading_of(with({.frames = 4}, {.frames = 8, .stride = 2})).sampling.frames, 4);
  EXPECT_EQ(reading_of(with({.frames = 4}, {.frames = 8, .stride = 2})).sampling.stride, 2);
}

}  // namespace
}  // namespace graft::data
