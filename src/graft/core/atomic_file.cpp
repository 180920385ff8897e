#include "graft/core/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "graft/core/error.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

// Unique among processes and threads, hidden, and beside the target: a rename cannot cross file systems.
fs::path partial_name(const fs::path& path) {
  static std::atomic<unsigned> count{0};
  return path.parent_path() / fmt::format(".{}.{}-{}.partial", path.filename().string(), ::getpid(), count++);
}

// A rename is only durable once its folder is. Some file systems refuse to sync a folder: nothing more can be done
// there.
void sync_folder(const fs::path& folder) {
  const int handle = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return;
  ::fsync(handle);
  ::close(handle);
}

}  // namespace

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)), partial_(partial_name(path_)) {
  // 0666: the user's umask decides who may read it, as for any other file.
  name_.emplace(partial_.c_str());
  file_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file_ < 0) fail("cannot be created");
}

AtomicFile::~AtomicFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(partial_.c_str());
}

void AtomicFile::fail(std::string_view what) {
  const int reason = errno;
  if (file_ >= 0) ::close(std::exchange(file_, -1));
  ::unlink(partial_.c_str());
  throw FileError("file", "{} {}: {}. Nothing was changed.", path_.string(), what, std::strerror(reason));
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  GRAFT_ASSERT(file_ >= 0);
  while (!bytes.empty()) {
    const auto written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::write(std::string_view text) {
  write(std::as_bytes(std::span(text)));
}

void AtomicFile::commit() {
  GRAFT_ASSERT(file_ >= 0);
  if (::fsync(file_) != 0) fail("cannot be written");
  // Network file systems report a full disk only when the file is closed.
  if (::close(std::exchange(file_, -1)) != 0) fail("cannot be written");
  if (::rename(partial_.c_str(), path_.c_str()) != 0) fail("cannot be put in place");
  name_.reset();
  sync_folder(path_.parent_path());
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

}  // namespace graft
