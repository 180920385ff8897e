#include "graft/video/clip_decoder.h"

#include <algorithm>

namespace graft::video {
namespace {

// Whether FFmpeg's AVDISCARD_NONREF leaves out frames that no other needs, and only such. It does by the standards'
// own marks: nal_ref_idc 0 (H.264), B-pictures (MPEG). H.265's mark holds within a temporal layer: of one that says how
// many it has (ISO/IEC 14496-15, 8.3.3.1: numTemporalLayers in byte 21 of hvcC), if that is one.
bool can_skip(const AVCodecParameters& codec) {
  switch (codec.codec_id) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_MPEG1VIDEO:
    case AV_CODEC_ID_MPEG2VIDEO:
    case AV_CODEC_ID_MPEG4:
      return true;
    case AV_CODEC_ID_HEVC:
      return codec.extradata_size > 22 && codec.extradata[0] == 1 && ((codec.extradata[21] >> 3) & 7) == 1;
    default:
      return false;
  }
}

}  // namespace

ClipDecoder::ClipDecoder(ClipPackets& packets, const Deadline& deadline, std::int64_t max_pixels)
    : packets_(packets), deadline_(deadline), packet_(av_packet_alloc()), frame_(av_frame_alloc()) {
  const auto& stream = packets.stream();
  const AVCodec* codec = avcodec_find_decoder(stream.codecpar->codec_id);
  if (codec == nullptr) {
    throw DataError("video",
                    "{}: its video is coded as {}, for which FFmpeg has no decoder here. Re-encode it as H.264.",
                    packets.path().string(), avcodec_get_name(stream.codecpar->codec_id));
  }
  codec_.reset(avcodec_alloc_context3(codec));
  if (codec_ == nullptr || packet_ == nullptr || frame_ == nullptr) throw std::bad_alloc();
  int made = avcodec_parameters_to_context(codec_.get(), stream.codecpar);
  codec_->pkt_timebase = stream.time_base;
  codec_->thread_count = 1;
  codec_->max_pixels = max_pixels;
  can_skip_ = can_skip(*stream.codecpar);
  if (made >= 0) made = avcodec_open2(codec_.get(), codec, nullptr);
  if (made < 0) {
    throw DataError("video", "{}: its {} cannot be decoded ({}).", packets.path().string(), codec->name,
                    ffmpeg_words(made));
  }
}

std::int64_t ClipDecoder::time() const {
  return frame_->pts != AV_NOPTS_VALUE ? frame_->pts : frame_->best_effort_timestamp;
}

bool ClipDecoder::matters(const AVPacket& packet) const {
  return wanted_.empty() || packet.pts == AV_NOPTS_VALUE || packet.pts >= wanted_.back() ||
         std::ranges::binary_search(wanted_, packet.pts);
}

bool ClipDecoder::give_packet() {
  int sent = 0;
  if (packets_.next(*packet_)) {
    codec_->skip_frame = can_skip_ && !matters(*packet_) ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
    sent = avcodec_send_packet(codec_.get(), packet_.get());
  } else {
    ended_ = true;
    sent = avcodec_send_packet(codec_.get(), nullptr);
  }
  av_packet_unref(packet_.get());
  return sent >= 0;
}

ClipDecoder::Outcome ClipDecoder::next() {
  has_frame_ = false;
  for (;;) {
    deadline_.check(packets_.path());
    const int received = avcodec_receive_frame(codec_.get(), frame_.get());
    if (received >= 0) {
      has_frame_ = true;
      const bool concealed = (frame_->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame_->decode_error_flags != 0;
      return concealed ? Outcome::damage : Outcome::frame;
    }
    if (received == AVERROR_EOF) return Outcome::end;
    if (received != AVERROR(EAGAIN)) return Outcome::damage;
    if (ended_) return Outcome::end;
    if (!give_packet()) return Outcome::damage;
  }
}

void ClipDecoder::flush() {
  avcodec_flush_buffers(codec_.get());
  ended_ = false;
  has_frame_ = false;
}

}  // namespace graft::video
