// What one reading of all packets tells of a video: when each of its frames is shown, and where decoding may begin.
// 8 bytes a frame, and nothing else that grows with the length.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graft/video/clip_packets.h"

namespace graft::video {

struct ClipIndex {
  struct Key {
    std::int64_t pts;
    std::int64_t dts;  // AV_NOPTS_VALUE where the container has none
  };

  // Whether a frame can be told by its time: each packet gives one frame, at a time that no other has.
  bool timed = true;
  std::vector<std::int64_t> pts;  // of the frames that are shown, in their order; empty unless `timed`
  std::vector<Key> keys;          // in the order of their times, those of edited-out packets too
  std::int64_t packets = 0;
  std::int64_t leading = 0;  // packets before the first key packet
  double rate = 0;           // frames a second on average
};

// Reads `packets`, which is at its start, to its end. DataError where the container is cut.
ClipIndex index_of(ClipPackets& packets);

}  // namespace graft::video
