#include "graft/data/image_cache.h"

namespace graft::data {

std::shared_ptr<const Image> ImageCache::read(const std::filesystem::path& file) {
  const std::string& key = file.native();
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = images_.find(key); found != images_.end()) return found->second;
  }
  auto image = std::make_shared<const Image>(io::read_image(file));  // outside the lock: two threads may both decode
  const std::lock_guard lock(mutex_);
  if (bytes_ + image->rgb.size() <= max_bytes_ && images_.try_emplace(key, image).second) bytes_ += image->rgb.size();
  return image;
}

std::size_t ImageCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace graft::data
