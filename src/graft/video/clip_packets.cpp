#include "graft/video/clip_packets.h"

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "graft/io/mapped_file.h"
#include "graft/video/claimed_size.h"
#include "graft/video/ffmpeg_messages.h"

namespace graft::video {
namespace {

// FFmpeg's names of the containers that are read. Others (playlists, which open other files; pictures; text) are not.
constexpr std::string_view kContainers[] = {
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "avi",
    "mpegts",
    "mpeg",
    "mpegvideo",
    "asf",
    "flv",
    "ogg",
    "h264",
    "hevc",
    "m4v",
    "gif",
    "ivf",
    "mxf",
    "dv",
    "nut",
};

// Codecs whose decoders FFmpeg fuzzes and people's clips have.
constexpr AVCodecID kCodecs[] = {
    AV_CODEC_ID_H264,     AV_CODEC_ID_HEVC,       AV_CODEC_ID_VP8,        AV_CODEC_ID_VP9,       AV_CODEC_ID_AV1,
    AV_CODEC_ID_MPEG4,    AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO, AV_CODEC_ID_MJPEG,     AV_CODEC_ID_H263,
    AV_CODEC_ID_FLV1,     AV_CODEC_ID_MSMPEG4V1,  AV_CODEC_ID_MSMPEG4V2,  AV_CODEC_ID_MSMPEG4V3, AV_CODEC_ID_WMV1,
    AV_CODEC_ID_WMV2,     AV_CODEC_ID_WMV3,       AV_CODEC_ID_VC1,        AV_CODEC_ID_THEORA,    AV_CODEC_ID_GIF,
    AV_CODEC_ID_PRORES,   AV_CODEC_ID_DNXHD,      AV_CODEC_ID_FFV1,       AV_CODEC_ID_HUFFYUV,   AV_CODEC_ID_FFVHUFF,
    AV_CODEC_ID_RAWVIDEO, AV_CODEC_ID_DVVIDEO,    AV_CODEC_ID_CINEPAK,    AV_CODEC_ID_INDEO3,    AV_CODEC_ID_SVQ3,
    AV_CODEC_ID_PNG,      AV_CODEC_ID_VP6F,       AV_CODEC_ID_VP6,
};

int passed(void* deadline) {
  return static_cast<const Deadline*>(deadline)->passed();
}

bool is_picture(const AVStream& stream) {
  return (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
}

bool is_video(const AVStream& stream) {
  return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !is_picture(stream);
}

// The video to read: FFmpeg's choice, unless that is the cover of a song.
int video_of(AVFormatContext& format) {
  const int best = av_find_best_stream(&format, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (best >= 0 && is_video(*format.streams[best])) return best;
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    if (is_video(*format.streams[i])) return static_cast<int>(i);
  }
  return -1;
}

std::string held(const AVFormatContext& format) {
  bool sound = false, picture = false;
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    sound |= format.streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    picture |= is_picture(*format.streams[i]);
  }
  if (picture) return "sound with a cover picture, and no video";
  return sound ? "sound, and no video" : "no video";
}

}  // namespace

ClipPackets::ClipPackets(std::filesystem::path path, const Deadline& deadline, std::int64_t max_pixels)
    : path_(std::move(path)), deadline_(deadline), max_pixels_(max_pixels) {
  silence_ffmpeg();
  open();
  const auto file = io::MappedFile::open(path_);
  const auto claimed = claimed_size(file->bytes());
  is_cut_ = claimed && *claimed > file->bytes().size();
}

void ClipPackets::open() {
  format_.reset();
  reached_ = 0;
  AVFormatContext* format = avformat_alloc_context();
  if (format == nullptr) throw std::bad_alloc();
  format->interrupt_callback = {passed, const_cast<Deadline*>(&deadline_)};
  std::string containers;
  for (const auto name : kContainers)
    containers += (containers.empty() ? "" : ",") + std::string(name);
  format->format_whitelist = av_strdup(containers.c_str());
  format->protocol_whitelist = av_strdup("file");

  AVDictionary* options = nullptr;
  const int opened = avformat_open_input(&format, ("file:" + path_.string()).c_str(), nullptr, &options);
  av_dict_free(&options);
  if (opened < 0) {  // which has freed `format`
    deadline_.check(path_);
    if (opened == AVERROR(ENOENT) || opened == AVERROR(EACCES) || opened == AVERROR(EISDIR)) {
      throw FileError("video", "{}: cannot be opened: {}.", path_.string(), ffmpeg_words(opened));
    }
    throw DataError("video",
                    "{}: not a video that is understood, or damaged at its start ({}). Is the download complete?",
                    path_.string(), ffmpeg_words(opened));
  }
  format_.reset(format);

  std::vector<AVDictionary*> bounds(format_->nb_streams, nullptr);
  for (auto& bound : bounds)
    av_dict_set_int(&bound, "max_pixels", max_pixels_, 0);
  const int found = avformat_find_stream_info(format_.get(), bounds.data());
  for (auto& bound : bounds)
    av_dict_free(&bound);
  deadline_.check(path_);
  if (found < 0) {
    throw DataError("video",
                    "{}: not a video that is understood, or damaged at its start ({}). Is the download complete?",
                    path_.string(), ffmpeg_words(found));
  }

  stream_ = video_of(*format_);
  if (stream_ < 0) {
    throw DataError("video", "{}: it holds {}. Leave it out.", path_.string(), held(*format_));
  }
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    if (static_cast<int>(i) != stream_) format_->streams[i]->discard = AVDISCARD_ALL;
  }
  const auto codec = stream().codecpar->codec_id;
  if (std::ranges::find(kCodecs, codec) == std::end(kCodecs)) {
    throw DataError("video", "{}: its video is coded as {}, which is not read. Re-encode it as H.264.", path_.string(),
                    avcodec_get_name(codec));
  }
}

bool ClipPackets::next(AVPacket& packet) {
  if (!has_ahead_) return read(packet);
  av_packet_unref(&packet);
  av_packet_move_ref(&packet, ahead_.get());
  has_ahead_ = false;
  return true;
}

bool ClipPackets::read(AVPacket& packet) {
  for (;;) {
    av_packet_unref(&packet);
    const int errors = demuxer_errors();
    const int read = av_read_frame(format_.get(), &packet);
    deadline_.check(path_);
    // Behind broken bytes Matroska's demuxer goes on at the next cluster, and says so in words alone.
    if (demuxer_errors() != errors && container().starts_with("matroska")) {
      throw DataError("video", "{}: damaged after {:.2f} s: its container is broken there. Is the download complete?",
                      path_.string(), reached_);
    }
    if (read == AVERROR_EOF) {
      if (is_cut_) {
        throw DataError("video", "{}: cut after {:.2f} s: it is shorter than it says. Is the download complete?",
                        path_.string(), reached_);
      }
      return false;
    }
    if (read < 0) {
      throw DataError("video", "{}: breaks off after {:.2f} s ({}). Is the download complete?", path_.string(),
                      reached_, ffmpeg_words(read));
    }
    if (packet.stream_index != stream_) continue;  // discarded streams leak
    const std::int64_t time = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
    const std::int64_t start = stream().start_time != AV_NOPTS_VALUE ? stream().start_time : 0;
    if (time != AV_NOPTS_VALUE) reached_ = seconds_between(start, time, stream().time_base);
    if ((packet.flags & AV_PKT_FLAG_CORRUPT) != 0) {
      // MPEG-TS counts its pieces: parts that were joined, or a piece is missing. Only decoding tells.
      if (container() == "mpegts") {
        if (!gap_) gap_ = reached_;
        return true;
      }
      throw DataError("video", "{}: damaged or cut at {:.2f} s. Is the download complete?", path_.string(), reached_);
    }
    return true;
  }
}

bool ClipPackets::seek(std::int64_t pts, std::int64_t dts) {
  has_ahead_ = false;
  if (avformat_seek_file(format_.get(), stream_, INT64_MIN, pts, pts, 0) < 0) return false;
  if (!read(*ahead_)) return false;
  has_ahead_ = true;
  return dts == AV_NOPTS_VALUE || ahead_->dts == AV_NOPTS_VALUE || ahead_->dts <= dts;
}

void ClipPackets::rewind() {
  has_ahead_ = false;
  open();
}

}  // namespace graft::video
