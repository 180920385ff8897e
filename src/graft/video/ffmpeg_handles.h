// FFmpeg's objects with an owner, and its errors in words.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace graft::video {

struct FreeFfmpeg {
  void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
  void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};
template <class Object>
using Owned = std::unique_ptr<Object, FreeFfmpeg>;

inline std::string ffmpeg_words(int error) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> words{};
  av_strerror(error, words.data(), words.size());
  return words.data();
}

// From one time of a stream to another, in seconds. In doubles, for the times of a damaged file may lie anywhere.
inline double seconds_between(std::int64_t from, std::int64_t to, AVRational tick) {
  return (static_cast<double>(to) - static_cast<double>(from)) * av_q2d(tick);
}

}  // namespace graft::video
