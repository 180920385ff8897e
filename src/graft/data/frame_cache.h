// Reads frames of clips, and keeps them as they were made ready (resized): in memory up to a bound, and in a folder if
// one is named, by the content of what they are of. What comes is the same bits, kept or not. Threads may share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "graft/data/dataset.h"
#include "graft/data/resize.h"
#include "graft/video/clip.h"

namespace graft::data {

// Of a clip that was opened.
struct SeenClip {
  std::int64_t frames = 0;         // of the whole
  std::vector<double> times = {};  // of each, in seconds; of a clip of which a span in seconds is asked for
  std::vector<std::string> remarks = {};
};

// Frames [begin, begin + count) of a clip.
struct FrameRange {
  std::int64_t begin = 0, count = 0;
};

class FrameCache {
 public:
  struct Options {
    video::ClipOptions clip = {};
    std::filesystem::path folder = {};  // empty: memory alone
    std::size_t max_bytes = std::size_t{512} << 20;
  };
  explicit FrameCache(Options options) : options_(std::move(options)) {}

  // How a frame is made ready, with a name that tells it from other ways.
  struct Preparation {
    std::string name;
    std::function<Image(Image)> make;
  };

  // Frames by their number, in this order. DataError, with the file, for a clip that cannot be read.
  std::vector<std::shared_ptr<const Image>> read(const std::filesystem::path& clip,
                                                 std::span<const std::int64_t> frames, const Preparation& preparation);

  // The frames of a sample's span, or all. DataError where the clip has none of them.
  FrameRange range(const std::filesystem::path& clip, const std::optional<Span>& span);

  // A hash of the file's bytes, or of a folder's frames; computed once.
  std::string content(const std::filesystem::path& clip);

  // Opened if it was not; the reference stays.
  const SeenClip& seen(const std::filesystem::path& clip, bool with_times = false);

  const video::ClipOptions& clip_options() const { return options_.clip; }
  std::size_t bytes() const;
  std::int64_t decoded() const;  // frames so far

 private:
  std::shared_ptr<const Image> find(const std::string& key, const std::filesystem::path& file);
  void keep(const std::string& key, const std::filesystem::path& file, std::shared_ptr<const Image> image);
  std::filesystem::path file_of(const std::filesystem::path& clip, const Preparation& preparation, std::int64_t frame);

  const Options options_;
  mutable std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::int64_t decoded_ = 0;
  std::unordered_map<std::string, std::shared_ptr<const Image>> frames_;  // by clip, preparation and number
  std::unordered_map<std::string, SeenClip> seen_;
  std::unordered_map<std::string, std::string> contents_;
};

}  // namespace graft::data
