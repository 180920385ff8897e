#include "graft/data/image_cache.h"

#include <fstream>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/io/mapped_file.h"
#include "graft/io/orientation.h"

namespace graft::data {

std::vector<std::pair<Exif, std::string>> choices(Exif) {
  return {{Exif::keep, "keep"}, {Exif::turn, "turn"}};
}

std::shared_ptr<const Image> ImageCache::read(const std::filesystem::path& file) {
  const std::string& key = file.native();
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = images_.find(key); found != images_.end()) return found->second;
  }
  // Outside the lock: two threads may both decode.
  const auto mapped = io::MappedFile::open(file);
  SeenPhoto photo;
  Image decoded = io::decode_image(mapped->bytes(), file.string(), io::kMaxPixels, photo.findings);
  if (exif_ == Exif::turn) decoded = io::turned(std::move(decoded), photo.findings.orientation);
  auto image = std::make_shared<const Image>(std::move(decoded));
  if (seen(file) == nullptr) {
    const auto bytes = mapped->bytes();
    photo.content = Hash().add(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())).hex();
  }
  const std::lock_guard lock(mutex_);
  if (!photo.content.empty()) seen_.try_emplace(key, std::move(photo));
  if (bytes_ + image->rgb.size() <= max_bytes_ && images_.try_emplace(key, image).second) bytes_ += image->rgb.size();
  return image;
}

std::string ImageCache::content(const std::filesystem::path& file) {
  if (const SeenPhoto* photo = seen(file)) return photo->content;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = contents_.find(file.native()); found != contents_.end()) return found->second;
  }
  std::string content = content_of_file(file);
  const std::lock_guard lock(mutex_);
  return contents_.emplace(file.native(), std::move(content)).first->second;
}

const SeenPhoto* ImageCache::seen(const std::filesystem::path& file) const {
  const std::lock_guard lock(mutex_);
  const auto found = seen_.find(file.native());
  return found == seen_.end() ? nullptr : &found->second;
}

std::size_t ImageCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::string content_of_file(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(error ? 0 : size, '\0');
  if (error || bytes.empty() || !stream.read(bytes.data(), static_cast<std::streamsize>(size)))
    throw DataError("data", "{} cannot be read. Has it gone since the run began?", file.string());
  return Hash().add(bytes).hex();
}

}  // namespace graft::data
