#include "graft/video/clip.h"

#include <numeric>

#include "graft/core/random.h"
#include "tests/io/expect_error.h"
#include "tests/support/encoded_clip.h"
#include "tests/support/temp_folder.h"
#include "tests/video/decoded_in_order.h"

namespace graft::video {
namespace {

struct Kind {
  std::string file;
  ClipSpec spec;
  int frames = 60;  // that decoding gives
};

std::vector<Kind> kinds() {
  using Options = std::map<std::string, std::string>;
  const Options b_frames = {{"preset", "fast"}, {"bf", "3"}, {"g", "12"}};
  auto open = b_frames;
  open["x264-params"] = "open-gop=1";
  std::vector<std::int64_t> uneven;
  for (std::int64_t i = 0, time = 0; i < 47; time += 20 * (1 + i * i % 7), ++i)
    uneven.push_back(time);
  const Options vpx = {
      {"deadline", "realtime"}, {"cpu-used", "8"}, {"g", "20"}, {"auto-alt-ref", "1"}, {"lag-in-frames", "16"}};
  return {
      {"b.mp4", {.options = b_frames}},
      {"b.mkv", {.options = b_frames}},
      {"b.mov", {.options = b_frames}},
      {"b.ts", {.options = b_frames}},
      {"b.flv", {.options = b_frames}},
      {"open.mp4", {.options = open}},
      {"open.ts", {.options = open}},
      {"edit.mp4", {.options = b_frames, .shift = -200}, 50},
      {"pieces.mp4", {.options = b_frames, .muxer = {{"movflags", "frag_keyframe+empty_moov"}}}},
      {"one_key.mp4", {.options = {{"preset", "fast"}, {"g", "250"}}}},
      {"uneven.mp4", {.options = b_frames, .frames = 47, .times = uneven}, 47},
      {"uneven.mkv", {.options = b_frames, .frames = 47, .times = uneven}, 47},
      {"odd.mp4", {.options = b_frames, .width = 63, .height = 49, .pixels = "yuv444p"}},
      {"ten_bit.mkv", {.options = b_frames, .pixels = "yuv420p10le"}},
      {"turned.mp4", {.options = b_frames, .rotation = 90}},
      {"intra_refresh.mp4", {.options = {{"preset", "fast"}, {"g", "20"}, {"x264-params", "intra-refresh=1"}}}},
      {"hevc_open.mp4",
       {.encoder = "libx265",
        .options = {{"preset", "ultrafast"}, {"x265-params", "open-gop=1:keyint=16:bframes=3:log-level=0"}}}},
      {"mpeg4.avi", {.encoder = "mpeg4", .options = {{"g", "12"}}}},
      {"mpeg4_b.avi", {.encoder = "mpeg4", .options = {{"g", "12"}, {"bf", "2"}}}},
      {"mpeg4_b.mp4", {.encoder = "mpeg4", .options = {{"g", "12"}, {"bf", "2"}}}},
      {"mpeg2.mpg", {.encoder = "mpeg2video", .options = {{"g", "12"}, {"bf", "2"}}}},
      {"mpeg2.ts", {.encoder = "mpeg2video", .options = {{"g", "12"}, {"bf", "2"}}}},
      {"motion_jpeg.avi", {.encoder = "mjpeg", .pixels = "yuvj420p"}},
      {"vp8.webm", {.encoder = "libvpx", .options = vpx}},
      {"vp9.webm", {.encoder = "libvpx-vp9", .options = vpx}},
      {"b.h264", {.options = b_frames}},
      {"h264_b.avi", {.options = b_frames}},  // twice as many packets as frames, by its header, and none has a time
      {"interlaced.ts", {.options = {{"preset", "fast"}, {"flags", "+ildct+ilme"}, {"x264-params", "tff=1"}}}},
      {"hevc_open.ts",
       {.encoder = "libx265",
        .options = {{"preset", "ultrafast"}, {"x265-params", "open-gop=1:keyint=16:bframes=3:log-level=0"}}}},
      {"xvid.avi", {.encoder = "libxvid", .options = {{"bf", "2"}, {"g", "12"}}}, 58},
      {"av1.mkv", {.encoder = "libaom-av1", .options = {{"cpu-used", "8"}, {"usage", "realtime"}, {"g", "20"}}}},
      {"wmv2.wmv", {.encoder = "wmv2", .options = {{"g", "12"}}}},
  };
}

std::vector<std::int64_t> all_of(Clip& clip) {
  std::vector<std::int64_t> numbers(clip.frames());
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

class ClipOfEveryKind : public testing::Test {
 protected:
  TempFolder folder_;
};

// The property that all else stands on: whatever was read before, frame i is the i-th of one decoding from the start.
TEST_F(ClipOfEveryKind, GivesTheFrameThatDecodingInOrderGives) {
  int looked_at = 0;
  for (const auto& [file, spec, frames] : kinds()) {
    if (!has_encoder(spec.encoder)) continue;
    write_clip(folder_ / file, spec);
    const auto truth = decoded_in_order(folder_ / file, spec.rotation);
    EXPECT_EQ(truth.size(), static_cast<std::size_t>(frames)) << file;
    const auto clip = open_clip(folder_ / file);
    ASSERT_EQ(clip->frames(), static_cast<std::int64_t>(truth.size())) << file;
    Random random(11);
    int wrong = 0;
    for (int target = 0; target < 80; ++target) {
      const auto i = static_cast<std::int64_t>(random.below(truth.size()));
      wrong += clip->read(std::vector{i}).at(0).rgb != truth[i].rgb ? 1 : 0;
    }
    EXPECT_EQ(wrong, 0) << file;
    for (int set = 0; set < 20; ++set) {  // frames that no other refers to are left out on the way
      std::vector<std::int64_t> numbers(8);
      for (auto& i : numbers)
        i = static_cast<std::int64_t>(random.below(truth.size()));
      const auto images = clip->read(numbers);
      for (std::size_t place = 0; place < numbers.size(); ++place)
        wrong += images[place].rgb != truth[numbers[place]].rgb ? 1 : 0;
    }
    EXPECT_EQ(wrong, 0) << file << " in sets";
    const auto in_order = open_clip(folder_ / file);
    const auto images = in_order->read(all_of(*in_order));
    for (std::size_t i = 0; i < truth.size(); ++i)
      wrong += images[i].rgb != truth[i].rgb ? 1 : 0;
    EXPECT_EQ(wrong, 0) << file << " in order";
    ++looked_at;
  }
  EXPECT_GE(looked_at, 18);
}

TEST_F(ClipOfEveryKind, GivesFramesInTheOrderAskedAndRepeats) {
  write_clip(folder_ / "a.mp4", {});
  const auto truth = decoded_in_order(folder_ / "a.mp4");
  const auto clip = open_clip(folder_ / "a.mp4");
  const std::vector<std::int64_t> asked = {50, 3, 3, 59, 0, 50};
  const auto images = clip->read(asked);
  ASSERT_EQ(images.size(), asked.size());
  for (std::size_t place = 0; place < asked.size(); ++place)
    EXPECT_EQ(images[place].rgb, truth[asked[place]].rgb) << place;
  EXPECT_TRUE(clip->read({}).empty());
  EXPECT_ERROR(clip->read(std::vector<std::int64_t>{60}), DataError, "a.mp4: frame 60 of 60 was asked for");
}

TEST_F(ClipOfEveryKind, SaysWhatItIs) {
  write_clip(folder_ / "a.mkv", {.width = 96, .rate = 25});
  const auto facts = open_clip(folder_ / "a.mkv")->facts();
  EXPECT_EQ(facts.width, 96);
  EXPECT_EQ(facts.height, 48);
  EXPECT_EQ(facts.codec, "h264");
  EXPECT_EQ(facts.container, "matroska,webm");
  EXPECT_NEAR(facts.rate, 25, 0.02);  // the container's times are whole milliseconds
  EXPECT_THAT(facts.remarks, testing::IsEmpty());
}

TEST_F(ClipOfEveryKind, CountsUnevenTimesAndTellsThem) {
  write_clip(folder_ / "a.mp4", {.frames = 4, .times = {0, 20, 300, 600}});
  const auto clip = open_clip(folder_ / "a.mp4");
  ASSERT_EQ(clip->frames(), 4);
  EXPECT_DOUBLE_EQ(clip->time(0), 0);
  EXPECT_NEAR(clip->time(1), 20.0 / 600, 1e-9);
  EXPECT_NEAR(clip->time(3), 1, 1e-9);
  EXPECT_NEAR(clip->facts().rate, 3, 1e-9);
}

TEST_F(ClipOfEveryKind, TimesCountFromTheFirstFrameThatIsShown) {
  write_clip(folder_ / "a.ts", {});  // MPEG-TS starts at 1.4 s
  const auto clip = open_clip(folder_ / "a.ts");
  EXPECT_DOUBLE_EQ(clip->time(0), 0);
  EXPECT_NEAR(clip->time(30), 1, 1e-4);
}

TEST_F(ClipOfEveryKind, FramesWithoutTimesAreTakenByTheRate) {
  write_clip(folder_ / "a.avi", {.encoder = "mpeg4", .options = {{"bf", "2"}}, .rate = 25});
  const auto clip = open_clip(folder_ / "a.avi");
  EXPECT_EQ(clip->frames(), 60);
  EXPECT_NEAR(clip->time(25), 1, 0.01);
}

// A phone held upright writes its frames lying and "turn clockwise by 90".
TEST_F(ClipOfEveryKind, IsTurnedUprightUnlessTold) {
  for (const int rotation : {90, 180, 270}) {
    write_clip(folder_ / "turned.mp4", {.rotation = rotation});
    const auto lying = decoded_in_order(folder_ / "turned.mp4").at(7);
    const auto clip = open_clip(folder_ / "turned.mp4");
    EXPECT_EQ(clip->facts().rotation, rotation);
    EXPECT_EQ(clip->facts().width, rotation == 180 ? 64 : 48);
    const auto image = clip->read(std::vector<std::int64_t>{7}).at(0);
    ASSERT_EQ(image.width, clip->facts().width);
    // Where the upper left pixel of the lying frame is now.
    const int x = rotation == 270 ? 0 : image.width - 1, y = rotation == 90 ? 0 : image.height - 1;
    for (int channel = 0; channel < 3; ++channel)
      EXPECT_EQ(image.rgb[3 * (y * image.width + x) + channel], lying.rgb[channel]) << rotation;

    const auto as_it_lies = open_clip(folder_ / "turned.mp4", {.upright = false});
    EXPECT_EQ(as_it_lies->read(std::vector<std::int64_t>{7}).at(0).rgb, lying.rgb);
    EXPECT_THAT(as_it_lies->facts().remarks, testing::ElementsAre(testing::HasSubstr("which is not done")));
  }
}

TEST_F(ClipOfEveryKind, OtherTurnsAreSaidAndNotMade) {
  write_clip(folder_ / "slanted.mp4", {.rotation = 30});
  write_clip(folder_ / "mirrored.mp4", {.mirrored = true});
  const auto slanted = open_clip(folder_ / "slanted.mp4")->facts(),
             mirrored = open_clip(folder_ / "mirrored.mp4")->facts();
  EXPECT_EQ(slanted.rotation, 0);
  EXPECT_THAT(slanted.remarks, testing::ElementsAre("to be shown turned by 30.0 degrees, which is not done"));
  EXPECT_EQ(mirrored.rotation, 0);
  EXPECT_THAT(mirrored.remarks, testing::ElementsAre("to be shown mirrored, which is not done"));
}

TEST_F(ClipOfEveryKind, PixelsThatAreNotSquareAreSaid) {
  write_clip(folder_ / "a.mp4", {.aspect = 2});
  EXPECT_THAT(open_clip(folder_ / "a.mp4")->facts().remarks, testing::ElementsAre(testing::HasSubstr("pixels of 2:1")));
}

TEST(ClipName, IsToldByItsEnding) {
  for (const auto* name : {"a.mp4", "a.MP4", "b/c.webm", "a.b.avi", "a.MOV", "a.mkv"})
    EXPECT_TRUE(is_clip_name(name)) << name;
  for (const auto* name : {"a.jpg", "mp4", ".mp4", "a.txt", "a.mp4.part", "a.mp3"})
    EXPECT_FALSE(is_clip_name(name)) << name;
}

}  // namespace
}  // namespace graft::video
