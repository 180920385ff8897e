// A whole file as bytes, mapped read-only: pages come in as they are touched, so a checkpoint of gigabytes costs
// nothing until its tensors are read, and nothing again once their pages are given back.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace graft::io {

class MappedFile {
 public:
  // FileError when it is missing, not a regular file, unreadable or empty.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  const std::filesystem::path& path() const { return path_; }
  bool holds(std::span<const std::byte> part) const;
  // The pages that lie whole in `part` stop counting as ours; touched again, they come back from the file.
  void give_back(std::span<const std::byte> part) const;

 private:
  MappedFile(std::filesystem::path path, std::span<const std::byte> bytes);

  std::filesystem::path path_;
  std::span<const std::byte> bytes_;
};

}  // namespace graft::io
