// Packets to frames, in the order in which they are shown.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "graft/video/clip_packets.h"
#include "graft/video/deadline.h"
#include "graft/video/ffmpeg_handles.h"

namespace graft::video {

class ClipDecoder {
 public:
  ClipDecoder(ClipPackets& packets, const Deadline& deadline, std::int64_t max_pixels);

  enum class Outcome { frame, end, damage };
  // The next frame, which `frame()` then is; or why there is none. Damage: a packet was refused, or the frame (which
  // `frame()` is then, if `has_frame()`) is not what was encoded. Decoding may go on behind it.
  Outcome next();
  const AVFrame& frame() const { return *frame_; }
  std::int64_t time() const;  // of the frame, AV_NOPTS_VALUE where nothing tells
  bool has_frame() const { return has_frame_; }

  // Of what is shown before the last of these times (ascending) only their frames matter: others that no frame refers
  // to need not be decoded, and then do not come. The bits of those that come are the same. Empty: all matter.
  void want(std::vector<std::int64_t> times) { wanted_ = std::move(times); }

  // Everything on the way is forgotten: behind a seek, and at the end.
  void flush();

 private:
  bool give_packet();  // false where the decoder refuses it
  bool matters(const AVPacket& packet) const;

  ClipPackets& packets_;
  const Deadline& deadline_;
  Owned<AVCodecContext> codec_;
  Owned<AVPacket> packet_;
  Owned<AVFrame> frame_;
  std::vector<std::int64_t> wanted_;
  bool can_skip_ = false;
  bool has_frame_ = false;
  bool ended_ = false;  // no more packets
};

}  // namespace graft::video
