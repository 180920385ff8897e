#include "graft/video/clip.h"
#include "tests/io/expect_error.h"
#include "tests/support/encoded_clip.h"
#include "tests/support/temp_folder.h"
#include "tests/video/decoded_in_order.h"

namespace graft::video {
namespace {

class DamagedClip : public testing::Test {
 protected:
  std::string bytes_of(const std::string& name, const ClipSpec& spec = {}) {
    write_clip(folder_ / name, spec);
    return content_of(folder_ / name);
  }
  void read_all(const std::string& name) {
    const auto clip = open_clip(folder_ / name);
    for (std::int64_t i = 0; i < clip->frames(); ++i)
      clip->read(std::vector{i});
  }

  TempFolder folder_;
};

TEST_F(DamagedClip, WhatIsNoVideoIsRefused) {
  folder_.put("text.mp4", "this is a text\nthat somebody called a video\n");
  folder_.put("empty.mp4", "");
  folder_.put("list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n");
  for (const auto* name : {"text.mp4", "empty.mp4", "list.mp4"})
    EXPECT_ERROR(open_clip(folder_ / name), DataError, "not a video that is understood") << name;
  EXPECT_ERROR(open_clip(folder_ / "none.mp4"), FileError, "none.mp4: cannot be opened");
}

TEST_F(DamagedClip, SoundIsNoVideo) {
  write_sound(folder_ / "song.m4a", false);
  write_sound(folder_ / "cover.m4a", true);
  EXPECT_ERROR(open_clip(folder_ / "song.m4a"), DataError, "it holds sound, and no video");
  EXPECT_ERROR(open_clip(folder_ / "cover.m4a"), DataError, "it holds sound with a cover picture, and no video");
}

TEST_F(DamagedClip, AnMp4WithoutItsTableIsRefused) {
  const auto bytes = bytes_of("a.mp4");
  folder_.put("a.mp4", bytes.substr(0, bytes.find("moov") - 4));
  EXPECT_ERROR(open_clip(folder_ / "a.mp4"), DataError, "Is the download complete?");
}

// Cut in its last third, no container may pass for a shorter clip.
TEST_F(DamagedClip, AFileThatIsCutIsRefusedWithTheSecond) {
  for (const auto* name : {"a.mp4", "a.mkv", "a.mov", "a.webm", "a.avi"}) {
    const bool moves = std::string_view(name).ends_with("mp4") || std::string_view(name).ends_with("mov");
    ClipSpec spec;
    spec.options = {{"g", "12"}, {"bf", "2"}};
    if (std::string_view(name).ends_with("avi")) spec.encoder = "mpeg4";
    if (std::string_view(name).ends_with("webm")) spec = {.encoder = "libvpx-vp9"};
    if (moves) spec.muxer = {{"movflags", "faststart"}};
    const auto bytes = bytes_of(name, spec);
    for (const double share : {0.7, 0.8, 0.95}) {
      folder_.put(name, bytes.substr(0, static_cast<std::size_t>(share * static_cast<double>(bytes.size()))));
      EXPECT_ERROR(read_all(name), DataError, " s") << name << " " << share;
    }
  }
}

TEST_F(DamagedClip, NoiseInThePacketsIsNamedByItsSecond) {
  for (const auto* name : {"a.mp4", "a.avi", "a.mkv"}) {
    ClipSpec spec;
    spec.options = {{"g", "12"}};
    if (std::string_view(name).ends_with("avi")) spec.encoder = "mpeg4";
    auto bytes = bytes_of(name, spec);
    const std::size_t middle = bytes.size() / 2;
    for (std::size_t k = 0; k < 600; ++k)
      bytes[middle + k] = static_cast<char>(k * k * 31 + k * 7);
    folder_.put(name, bytes);
    EXPECT_ERROR(read_all(name), DataError, " s") << name;
  }
}

TEST_F(DamagedClip, FramesBeforeTheDamageAreRead) {
  auto bytes = bytes_of("a.mkv", {.options = {{"g", "10"}}});
  const auto whole = open_clip(folder_ / "a.mkv")->read(std::vector<std::int64_t>{5}).at(0);
  for (std::size_t k = 0; k < 40; ++k)
    bytes[bytes.size() * 6 / 10 + k] = static_cast<char>(k * 37);
  folder_.put("a.mkv", bytes);
  const auto clip = open_clip(folder_ / "a.mkv");
  EXPECT_EQ(clip->read(std::vector<std::int64_t>{5}).at(0).rgb, whole.rgb);
}

TEST_F(DamagedClip, JoinedTransportStreamsAreReadToTheirEnd) {
  const auto first = bytes_of("a.ts"), second = bytes_of("b.ts", {.width = 48, .height = 64});
  folder_.put("joined.ts", first + second);
  const auto clip = open_clip(folder_ / "joined.ts");
  EXPECT_EQ(clip->frames(), 120);
  EXPECT_THAT(clip->facts().remarks, testing::Contains(testing::HasSubstr("joined of parts")));
  const auto images = clip->read(std::vector<std::int64_t>{119, 0});
  EXPECT_EQ(images[0].width, 48);  // frames come as they are
  EXPECT_EQ(images[1].width, 64);
}

TEST_F(DamagedClip, ABeginningBeforeTheFirstKeyFrameIsSaidAndCounted) {
  write_clip(folder_ / "a.ts", {.options = {{"g", "20"}, {"bf", "0"}}, .skip_first = 5});
  const auto clip = open_clip(folder_ / "a.ts");
  EXPECT_EQ(clip->frames(), static_cast<std::int64_t>(decoded_in_order(folder_ / "a.ts").size()));
  EXPECT_LT(clip->frames(), 56);
  EXPECT_THAT(clip->facts().remarks, testing::Contains(testing::HasSubstr("before its first key frame")));
  EXPECT_EQ(clip->read(std::vector<std::int64_t>{39, 0}).size(), 2u);
}

TEST_F(DamagedClip, ACallEndsAtItsDeadline) {
  write_clip(folder_ / "a.mp4", {});
  EXPECT_ERROR(open_clip(folder_ / "a.mp4", {.seconds = 0}), DataError, "not read within 0 s");
}

TEST_F(DamagedClip, FramesThatAreTooLargeAreNotAllocated) {
  write_clip(folder_ / "a.mp4", {});
  EXPECT_ERROR(open_clip(folder_ / "a.mp4", {.max_pixels = 64 * 48 - 1})->read(std::vector<std::int64_t>{0}), DataError,
               "a.mp4");
}

}  // namespace
}  // namespace graft::video
