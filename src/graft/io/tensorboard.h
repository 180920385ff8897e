// TensorBoard event files: scalar curves only. Records are length, masked CRC-32C, bytes, masked CRC-32C (TFRecord);
// the bytes are an Event protobuf, written by hand. A resumed run opens a new file beside the old one, as TensorFlow
// does.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace graft::io {

class TensorboardWriter {
 public:
  // Opens folder/events.out.tfevents.<seconds>.graft, never an existing file. Times are seconds since 1970.
  TensorboardWriter(const std::filesystem::path& folder, double wall_time);

  void scalar(std::string_view tag, std::int64_t step, float value, double wall_time);
  void flush();
  const std::filesystem::path& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void record(std::string_view bytes);

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

// CRC-32C (Castagnoli), and the rotated form that TFRecord stores.
std::uint32_t crc32c(std::string_view bytes);
std::uint32_t masked_crc32c(std::string_view bytes);

}  // namespace graft::io
