#include "graft/video/frame_colour.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/io/expect_error.h"
#include "tests/io/golden_hash.h"
#include "tests/support/source_dir.h"

namespace graft::video {
namespace {

const std::filesystem::path kGolden = source_dir() / "tests/golden";

io::Image frame_of(const std::filesystem::path& path, Colour colour, std::int64_t i = 0) {
  return open_clip(path, {.colour = colour})->read(std::vector{i}).at(0);
}

// By tests/golden/make/video_frames.py: on one processor family swscale's bits are the same in every FFmpeg.
TEST(FrameColour, IsPyavsToTheBit) {
  std::ifstream stream(kGolden / "video_frames.json");
  const auto expected = nlohmann::json::parse(stream);
  ASSERT_GE(expected.size(), 6u);
  for (const auto& [name, rows] : expected.items()) {
    const auto clip = open_clip(kGolden / "clips" / name);
    ASSERT_EQ(clip->frames(), rows["frames"].get<std::int64_t>()) << name;
    for (const auto& [number, hash] : rows["rgb"].items()) {
      const auto image = clip->read(std::vector<std::int64_t>{std::stoll(number)}).at(0);
      EXPECT_EQ(io::golden_hash(std::as_bytes(std::span(image.rgb))), hash.get<std::string>()) << name << " " << number;
    }
  }
}

// As PyAV up to 16 read them, whose weights expect it.
TEST(FrameColour, IsAllBt601WhereThatIsAsked) {
  std::ifstream stream(kGolden / "video_frames.json");
  const auto expected = nlohmann::json::parse(stream);
  int changed = 0;
  for (const auto& [name, rows] : expected.items()) {
    for (const auto& [number, hash] : rows["bt601"].items()) {
      const auto image = frame_of(kGolden / "clips" / name, Colour::bt601, std::stoll(number));
      EXPECT_EQ(io::golden_hash(std::as_bytes(std::span(image.rgb))), hash.get<std::string>()) << name << " " << number;
      changed += hash != rows["rgb"][number] ? 1 : 0;
    }
  }
  EXPECT_EQ(changed, 6);  // three clips are tagged otherwise
}

// swscale writes rows in groups of 16 pixels and forgets the columns behind the last whole one when the destination is
// tight. A frame's columns then do not depend on what stands to their right.
TEST(FrameColour, EveryWidthHasItsLastColumns) {
  const std::filesystem::path name = "none";
  for (int width = 320; width <= 352; width += 2) {
    const Owned<AVFrame> frame(av_frame_alloc());
    frame->width = width;
    frame->height = 8;
    frame->format = AV_PIX_FMT_YUV420P;
    ASSERT_GE(av_frame_get_buffer(frame.get(), 0), 0);
    for (int plane = 0; plane < 3; ++plane)
      std::memset(frame->data[plane], plane == 0 ? 180 : 128,
                  static_cast<std::size_t>(frame->linesize[plane]) * (plane == 0 ? 8 : 4));
    FrameColour colour(Colour::stream);
    const auto image = colour.rgb(*frame, 0, name);
    EXPECT_THAT(image.rgb, testing::Each(testing::AllOf(testing::Ge(189), testing::Le(192)))) << width;
  }
}

TEST(FrameColour, AChangeOfSizeMakesAnotherConverter) {
  const auto grey = [](int width, int height) {
    Owned<AVFrame> frame(av_frame_alloc());
    frame->width = width;
    frame->height = height;
    frame->format = AV_PIX_FMT_RGB24;
    av_frame_get_buffer(frame.get(), 0);
    std::memset(frame->data[0], 77, static_cast<std::size_t>(frame->linesize[0]) * height);
    return frame;
  };
  FrameColour colour(Colour::stream);
  for (const auto& [width, height] : {std::pair(32, 16), {64, 8}, {32, 16}}) {
    const auto image = colour.rgb(*grey(width, height), 0, "none");
    EXPECT_EQ(image.width, width);
    EXPECT_EQ(image.height, height);
    EXPECT_THAT(image.rgb, testing::Each(77));
  }
}

TEST(FrameColour, RefusesFramesWithoutColours) {
  const Owned<AVFrame> frame(av_frame_alloc());
  frame->width = frame->height = 16;
  frame->format = AV_PIX_FMT_VAAPI;
  FrameColour colour(Colour::stream);
  EXPECT_ERROR(colour.rgb(*frame, 0, "a.mp4"), DataError, "a.mp4: its frames are vaapi, of which there is no RGB");
}

}  // namespace
}  // namespace graft::video
