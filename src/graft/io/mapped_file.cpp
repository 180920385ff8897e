#include "graft/io/mapped_file.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/file_handle.h"

namespace graft::io {

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const FileHandle file(path.c_str());
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    throw FileError("file", "{} cannot be read: {}.", path.string(), std::strerror(errno));
  }
  if (S_ISDIR(status.st_mode)) throw FileError("file", "{} is a folder: expected a file.", path.string());
  if (!S_ISREG(status.st_mode)) throw FileError("file", "{} is not a regular file.", path.string());
  if (status.st_size == 0) throw FileError("file", "{} is empty. Is the download complete?", path.string());
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) throw FileError("file", "{} cannot be mapped: {}.", path.string(), std::strerror(errno));
  return std::shared_ptr<const MappedFile>(new MappedFile(path, {static_cast<const std::byte*>(data), size}));
}

MappedFile::MappedFile(std::filesystem::path path, std::span<const std::byte> bytes)
    : path_(std::move(path)), bytes_(bytes) {}

bool MappedFile::holds(std::span<const std::byte> part) const {
  return !part.empty() && part.data() >= bytes_.data() && part.data() + part.size() <= bytes_.data() + bytes_.size();
}

void MappedFile::give_back(std::span<const std::byte> part) const {
  if (!holds(part)) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(part.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(part.data() + part.size()) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace graft::io
