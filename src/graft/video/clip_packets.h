// The packets of a file's video, in the order of the file, from its start or from near a time. Containers and codecs
// are read by a list; streams that are not the video are not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "graft/video/deadline.h"
#include "graft/video/ffmpeg_handles.h"

namespace graft::video {

class ClipPackets {
 public:
  // DataError where there is no video that is understood; FileError where the file cannot be opened. `deadline`
  // outlives it.
  ClipPackets(std::filesystem::path path, const Deadline& deadline, std::int64_t max_pixels);

  const std::filesystem::path& path() const { return path_; }
  const AVFormatContext& format() const { return *format_; }
  AVFormatContext& format() { return *format_; }
  AVStream& stream() const { return *format_->streams[stream_]; }
  std::string container() const { return format_->iformat->name; }

  // The second of a break in the count of an MPEG-TS, where next() has met one.
  std::optional<double> gap() const { return gap_; }

  // The next packet of the video; false behind the last. DataError where the container breaks off.
  bool next(AVPacket& packet);
  // To the key packet of these times, or wherever the container thinks that it is: look at what comes. False: it
  // cannot, or the next packet lies behind the one that was asked for (AV_NOPTS_VALUE: it is not known where that
  // lies).
  bool seek(std::int64_t pts, std::int64_t dts);
  // Opened anew: the only way to a start that every container has.
  void rewind();

 private:
  void open();
  bool read(AVPacket& packet);

  std::filesystem::path path_;
  const Deadline& deadline_;
  std::int64_t max_pixels_;
  Owned<AVFormatContext> format_;
  Owned<AVPacket> ahead_{av_packet_alloc()};
  bool has_ahead_ = false;  // what seek() looked at is still to be given
  int stream_ = -1;
  bool is_cut_ = false;
  std::optional<double> gap_;
  double reached_ = 0;  // seconds, of the packet before
};

}  // namespace graft::video
