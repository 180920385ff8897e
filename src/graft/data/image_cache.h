// Decoded photos kept in memory up to a bound, so that a small set is decoded once and not once an epoch. What is in
// stays in (an epoch's order is random, so that throwing out the oldest would miss every time); threads may share it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "graft/data/resize.h"

namespace graft::data {

class ImageCache {
 public:
  explicit ImageCache(std::size_t max_bytes = std::size_t{512} << 20) : max_bytes_(max_bytes) {}

  // Decodes on the first call. Errors of io::read_image pass through and nothing is kept.
  std::shared_ptr<const Image> read(const std::filesystem::path& file);

  std::size_t bytes() const;

 private:
  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, std::shared_ptr<const Image>> images_;
};

}  // namespace graft::data
