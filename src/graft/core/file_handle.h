// A file that is open for reading while this lives.
#pragma once

#include <fcntl.h>
#include <unistd.h>

namespace graft {

class FileHandle {
 public:
  explicit FileHandle(const char* path) : handle_(::open(path, O_RDONLY | O_CLOEXEC)) {}
  ~FileHandle() {
    if (handle_ >= 0) ::close(handle_);
  }
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  int get() const { return handle_; }  // negative, and errno set, where it could not be opened

 private:
  int handle_;
};

}  // namespace graft
