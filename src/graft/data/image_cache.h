// Reads photos, and keeps decoded ones in memory up to a bound, so that a small set is decoded once and not once an
// epoch. What is in stays in (an epoch's order is random, so that throwing out the oldest would miss every time);
// threads may share it. What each file held beside its pixels is kept for all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "graft/data/resize.h"
#include "graft/io/image_findings.h"

namespace graft::data {

// What an orientation tag does: nothing, as in the pipelines that models were trained behind, or turn the photo
// upright.
enum class Exif { keep, turn };
std::vector<std::pair<Exif, std::string>> choices(Exif);

// Of a photo that was read.
struct SeenPhoto {
  std::string content;  // a hash of the file's bytes
  io::ImageFindings findings;
};

class ImageCache {
 public:
  explicit ImageCache(Exif exif = Exif::keep, std::size_t max_bytes = std::size_t{512} << 20)
      : exif_(exif), max_bytes_(max_bytes) {}

  // Decodes on the first call. Errors of io::read_image pass through and nothing is kept.
  std::shared_ptr<const Image> read(const std::filesystem::path& file);

  // The hash that SeenPhoto has, of a photo that need not have been read; of a file it is computed once. A DataError
  // where it cannot be.
  std::string content(const std::filesystem::path& file);

  // Null for a photo that was not read.
  const SeenPhoto* seen(const std::filesystem::path& file) const;

  Exif exif() const { return exif_; }
  std::size_t bytes() const;

 private:
  const Exif exif_;
  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, std::shared_ptr<const Image>> images_;
  std::unordered_map<std::string, SeenPhoto> seen_;
  std::unordered_map<std::string, std::string> contents_;  // of those that were asked for before they were seen
};

// A hash of the file's bytes, which are read; a DataError where they cannot be.
std::string content_of_file(const std::filesystem::path& file);

}  // namespace graft::data
