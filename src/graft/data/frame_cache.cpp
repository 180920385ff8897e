#include "graft/data/frame_cache.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/read_file.h"
#include "graft/data/file_walk.h"
#include "graft/data/image_cache.h"

namespace graft::data {
namespace {

namespace fs = std::filesystem;

// A kept frame: width and height as 32-bit numbers, then its bytes.
std::string to_bytes(const Image& image) {
  const std::uint32_t size[2] = {static_cast<std::uint32_t>(image.width), static_cast<std::uint32_t>(image.height)};
  std::string bytes(reinterpret_cast<const char*>(size), sizeof(size));
  bytes.append(reinterpret_cast<const char*>(image.rgb.data()), image.rgb.size());
  return bytes;
}

// Null for what is no frame, as after a crash of the file system: it is made again.
std::shared_ptr<const Image> from_bytes(const std::string& bytes) {
  std::uint32_t size[2];
  if (bytes.size() < sizeof(size)) return nullptr;
  std::memcpy(size, bytes.data(), sizeof(size));
  if (bytes.size() - sizeof(size) != std::size_t{3} * size[0] * size[1]) return nullptr;
  Image image{static_cast<int>(size[0]), static_cast<int>(size[1]), {}};
  image.rgb.assign(bytes.begin() + sizeof(size), bytes.end());
  return std::make_shared<const Image>(std::move(image));
}

}  // namespace

const SeenClip& FrameCache::seen(const fs::path& clip, bool with_times) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = seen_.find(clip.native());
    if (found != seen_.end() && (!with_times || !found->second.times.empty())) return found->second;
  }
  const auto opened = video::open_clip(clip, options_.clip);
  SeenClip seen{.frames = opened->frames(), .remarks = opened->facts().remarks};
  if (seen.frames < 1) throw DataError("video", "{}: holds no frame. Leave it out.", clip.string());
  for (std::int64_t i = 0; with_times && i < seen.frames; ++i)
    seen.times.push_back(opened->time(i));
  const std::lock_guard lock(mutex_);
  auto& kept = seen_[clip.native()];
  if (kept.frames == 0) kept = seen;
  if (with_times && kept.times.empty()) kept.times = std::move(seen.times);
  return kept;
}

FrameRange FrameCache::range(const fs::path& clip, const std::optional<Span>& span) {
  const SeenClip& seen = this->seen(clip, span && span->unit == Span::Unit::seconds);
  if (!span) return {0, seen.frames};
  std::int64_t begin = 0, end = seen.frames;
  if (span->unit == Span::Unit::frames) {
    begin = static_cast<std::int64_t>(span->begin);
    if (span->end && *span->end > static_cast<double>(seen.frames)) {
      throw DataError("video",
                      "{}: has {} frames, and frames up to {} are asked for. Mend the list, or what lies there.",
                      clip.string(), seen.frames, *span->end);
    }
    if (span->end) end = static_cast<std::int64_t>(*span->end);
  } else {
    const auto from = [&](double t) { return std::ranges::lower_bound(seen.times, t) - seen.times.begin(); };
    begin = from(span->begin);
    if (span->end) end = from(*span->end);
  }
  if (begin >= end) {
    throw DataError("video", "{}: has no frame from {} to {} {}: it has {} frames{}. Mend the span.", clip.string(),
                    span->begin, span->end ? fmt::format("{}", *span->end) : "its end",
                    span->unit == Span::Unit::frames ? "(frames)" : "s", seen.frames,
                    seen.times.empty() ? "" : fmt::format(" in {:.3f} s", seen.times.back()));
  }
  return {begin, end - begin};
}

std::string FrameCache::content(const fs::path& clip) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = contents_.find(clip.native()); found != contents_.end()) return found->second;
  }
  std::string content;
  if (fs::is_directory(clip)) {
    Hash hash;
    for (const auto& file : files_in(clip)) {
      if (is_photo_name(file)) hash.add(file.filename().string()).add(content_of_file(file));
    }
    content = hash.hex();
  } else {
    content = content_of_file(clip);
  }
  const std::lock_guard lock(mutex_);
  return contents_.emplace(clip.native(), std::move(content)).first->second;
}

fs::path FrameCache::file_of(const fs::path& clip, const Preparation& preparation, std::int64_t frame) {
  if (options_.folder.empty()) return {};
  const auto colour = options_.clip.colour == video::Colour::stream ? "" : "-bt601";
  return options_.folder / fmt::format("{}-{}{}", content(clip), preparation.name, colour) /
         fmt::format("{:06}.rgb", frame);
}

std::shared_ptr<const Image> FrameCache::find(const std::string& key, const fs::path& file) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = frames_.find(key); found != frames_.end()) return found->second;
  }
  std::error_code error;
  if (file.empty() || !fs::exists(file, error)) return nullptr;
  return from_bytes(read_file("video", file));
}

void FrameCache::keep(const std::string& key, const fs::path& file, std::shared_ptr<const Image> image) {
  std::error_code error;
  if (!file.empty() && !fs::exists(file, error)) {
    fs::create_directories(file.parent_path(), error);
    write_file_atomically(file, to_bytes(*image));
  }
  const std::lock_guard lock(mutex_);
  const auto size = image->rgb.size();
  if (bytes_ + size <= options_.max_bytes && frames_.try_emplace(key, std::move(image)).second) bytes_ += size;
}

std::vector<std::shared_ptr<const Image>> FrameCache::read(const fs::path& clip, std::span<const std::int64_t> frames,
                                                           const Preparation& preparation) {
  std::vector<std::shared_ptr<const Image>> images(frames.size());
  std::vector<std::int64_t> missing;
  const auto key = [&](std::int64_t frame) {
    return fmt::format("{}\n{}\n{}", clip.native(), preparation.name, frame);
  };
  for (std::size_t i = 0; i < frames.size(); ++i) {
    images[i] = find(key(frames[i]), file_of(clip, preparation, frames[i]));
    if (!images[i] && std::ranges::find(missing, frames[i]) == missing.end()) missing.push_back(frames[i]);
  }
  if (missing.empty()) return images;
  auto decoded = video::open_clip(clip, options_.clip)->read(missing);  // outside the lock: two threads may both decode
  for (std::size_t m = 0; m < missing.size(); ++m) {
    const auto image = std::make_shared<const Image>(preparation.make(std::move(decoded[m])));
    keep(key(missing[m]), file_of(clip, preparation, missing[m]), image);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (frames[i] == missing[m]) images[i] = image;
    }
  }
  const std::lock_guard lock(mutex_);
  decoded_ += static_cast<std::int64_t>(missing.size());
  return images;
}

std::size_t FrameCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::int64_t FrameCache::decoded() const {
  const std::lock_guard lock(mutex_);
  return decoded_;
}

}  // namespace graft::data
