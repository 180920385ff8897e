#include "graft/video/clip_index.h"

#include <algorithm>

namespace graft::video {
namespace {

// Whether a packet may give no frame though it is whole. VP8 and VP9 have frames that are only referred to; MPEG-4 has
// marks for "as before" in packets of a few bytes.
bool may_be_hidden(AVCodecID codec, const AVPacket& packet) {
  constexpr int kNotCoded = 24;  // bytes: an empty P-VOP with its start code and what encoders put around
  if (packet.size == 0) return true;
  const std::uint8_t first = packet.data[0];
  if (codec == AV_CODEC_ID_VP8) return (first & 0x10) == 0;  // show_frame (RFC 6386, 9.1)
  if (codec == AV_CODEC_ID_VP9) {
    // frame_marker 2, profile 2 (3 has a reserved bit more), show_existing_frame, frame_type, show_frame. A superframe
    // begins with a hidden frame and ends with a shown one; its last byte marks it (VP9 specification, annex B).
    const bool super = (packet.data[packet.size - 1] & 0xe0) == 0xc0;
    const int skipped = (first & 0x30) == 0x30 ? 1 : 0;
    const bool existing = ((first >> (3 - skipped)) & 1) != 0, shown = ((first >> (1 - skipped)) & 1) != 0;
    return !super && !existing && !shown;
  }
  return codec == AV_CODEC_ID_MPEG4 && packet.size < kNotCoded;
}

}  // namespace

ClipIndex index_of(ClipPackets& packets) {
  ClipIndex index;
  const auto& stream = packets.stream();
  const auto codec = stream.codecpar->codec_id;
  const Owned<AVPacket> packet(av_packet_alloc());
  std::int64_t first_dts = AV_NOPTS_VALUE, last_dts = AV_NOPTS_VALUE, dated = 0;
  std::int64_t first_key = AV_NOPTS_VALUE;
  while (packets.next(*packet)) {
    ++index.packets;
    const bool key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
    if (packet->dts != AV_NOPTS_VALUE) {
      if (first_dts == AV_NOPTS_VALUE) first_dts = packet->dts;
      last_dts = packet->dts;
      ++dated;
    }
    if (index.keys.empty() && !key) ++index.leading;
    if (packet->pts == AV_NOPTS_VALUE || may_be_hidden(codec, *packet)) index.timed = false;
    if (!index.timed && key) index.keys.push_back({0, 0});  // only counted
    if (!index.timed) continue;
    if (key) {
      if (index.keys.empty()) first_key = packet->pts;
      index.keys.push_back({packet->pts, packet->dts});
    } else if (packet->pts < first_key && (packet->flags & AV_PKT_FLAG_DISCARD) == 0) {
      index.timed = false;  // it leads the first key frame, and refers to what is not there
    }
    if ((packet->flags & AV_PKT_FLAG_DISCARD) == 0) index.pts.push_back(packet->pts);
  }
  if (dated > 1 && last_dts > first_dts) {
    index.rate = static_cast<double>(dated - 1) / seconds_between(first_dts, last_dts, stream.time_base);
  } else if (stream.avg_frame_rate.num > 0) {
    index.rate = av_q2d(stream.avg_frame_rate);
  }
  if (index.leading > 0) index.timed = false;
  std::ranges::sort(index.pts);
  if (std::ranges::adjacent_find(index.pts) != index.pts.end()) index.timed = false;
  if (!index.timed) {
    index.pts = {};
    index.keys = {};
    return index;
  }
  std::ranges::sort(index.keys, {}, &ClipIndex::Key::pts);
  if (const auto n = index.pts.size(); n > 1) {
    index.rate = static_cast<double>(n - 1) / seconds_between(index.pts.front(), index.pts.back(), stream.time_base);
  }
  return index;
}

}  // namespace graft::video
