// A decoded frame as 8-bit RGB, to the bits of PyAV's to_ndarray(format="rgb24").
#pragma once

#include <filesystem>

#include "graft/io/image.h"
#include "graft/video/clip.h"
#include "graft/video/ffmpeg_handles.h"

namespace graft::video {

class FrameColour {
 public:
  explicit FrameColour(Colour colour) : colour_(colour) {}

  // `rotation` quarter turns are made clockwise: 0, 90, 180, 270. DataError for a frame that has no RGB.
  io::Image rgb(const AVFrame& frame, int rotation, const std::filesystem::path& path);

 private:
  // What a converter is made for.
  struct Kind {
    int width = 0, height = 0;
    int format = -1, matrix = 0, range = 0;
    bool operator==(const Kind&) const = default;
  };
  void prepare(const Kind& kind, const std::filesystem::path& path);

  Colour colour_;
  Kind kind_;
  Owned<SwsContext> scaler_;
  std::vector<std::uint8_t> rows_;  // padded: the converter writes past the ends of rows
};

}  // namespace graft::video
