// All frames of a file by the plainest use of the decoder: what access by number is compared with.
#pragma once

#include "graft/video/clip_decoder.h"
#include "graft/video/frame_colour.h"

namespace graft::video {

inline std::vector<io::Image> decoded_in_order(const std::filesystem::path& path, int rotation = 0) {
  const Deadline deadline(60);
  ClipPackets packets(path, deadline, io::kMaxPixels);
  ClipDecoder decoder(packets, deadline, io::kMaxPixels);
  FrameColour colour(Colour::stream);
  std::vector<io::Image> images;
  while (decoder.next() == ClipDecoder::Outcome::frame)
    images.push_back(colour.rgb(decoder.frame(), rotation, path));
  return images;
}

}  // namespace graft::video
