// A clip: the frames of a video file (FFmpeg's libraries) or of a folder of numbered photos, by number.
//
// A frame's number is its place in what decoding the file from its start gives, after edit lists: the order of PyAV's
// enumerate(container.decode(video=0)). Any frame that is read by number has the bits that it has in that decoding;
// nothing is estimated from rates and durations. Within a file decoding is single-threaded: damage is concealed
// otherwise by more threads. Different clips may be read by different threads.
//
// A clip is damaged, and refused by a DataError that names the second, where
//   - its container breaks off, is shorter than it says, or marks a packet as corrupt (of MPEG-TS, whose parts people
//     join, that is a remark, and decoding tells);
//   - its decoder refuses a packet;
//   - a frame that is asked for, or one that is decoded on the way to it, was concealed or lacks a reference;
//   - a frame that its packets announce does not come out.
// Packets before the first key frame, which no decoder can read, are no damage but a remark.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graft/io/image.h"

namespace graft::video {

enum class Colour {
  stream,  // by the matrix and range that each frame is tagged with; BT.601 limited where it has no tag. As PyAV from
           // 17
  bt601,   // BT.601 limited whatever the tags say (the full-range yuvj formats excepted). As PyAV up to 16
};
std::vector<std::pair<Colour, std::string>> choices(Colour);

struct ClipOptions {
  Colour colour = Colour::stream;
  bool upright = true;                       // turned as the file says that it should be seen
  double seconds = 60;                       // for one call; a DataError behind it
  std::int64_t max_pixels = io::kMaxPixels;  // of one frame
};

struct ClipFacts {
  int width = 0, height = 0;  // of the frames as they are given: after turning
  int rotation = 0;           // by which they were turned, clockwise: 0, 90, 180, 270
  std::string codec, container;
  double rate = 0;                   // frames a second, on average, of those that are there
  std::vector<std::string> remarks;  // what a reader of other make may do otherwise: sentences without a full stop
};

class Clip {
 public:
  virtual ~Clip() = default;

  virtual const ClipFacts& facts() const = 0;
  // How many frames decoding gives. A file whose packets have no times is decoded once for that.
  virtual std::int64_t frames() = 0;
  // When frame i is shown, in seconds from the first one.
  virtual double time(std::int64_t i) = 0;
  // The frames of these numbers, in this order, repeats allowed; each is decoded once.
  virtual std::vector<io::Image> read(std::span<const std::int64_t> indices) = 0;
};

// A file, or a folder of numbered frames. DataError where it holds no video that is understood.
std::unique_ptr<Clip> open_clip(const std::filesystem::path& path, const ClipOptions& options = {});

// By its name's ending, in any case: mp4, mkv, webm, avi, mov and their kin.
bool is_clip_name(const std::filesystem::path& file);

// A folder that holds numbered photos and nothing else: img_00001.jpg, any prefix, any padding. A system's own files,
// hidden ones, and optical flow beside the frames (flow_x_00001.jpg) do not count. A class folder of numbered photos
// looks the same: only who asks knows which it is.
bool is_frame_folder(const std::filesystem::path& folder);

}  // namespace graft::video
