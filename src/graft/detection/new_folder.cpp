#include "graft/detection/new_folder.h"

#include <unistd.h>

#include <fstream>
#include <string>

#include "graft/core/error.h"

namespace graft::detection {

namespace fs = std::filesystem;

NewFolder::NewFolder(fs::path path) : path_(path.has_filename() ? std::move(path) : path.parent_path()) {
  std::error_code error;
  if (fs::exists(path_, error) && (!fs::is_directory(path_, error) || !fs::is_empty(path_, error)))
    throw FileError("detection", "{}: is there already, and is not an empty folder.", path_.string());
  partial_ = path_.string() + fmt::format(".{}.partial", ::getpid());
  fs::create_directories(partial_, error);
  if (error) throw FileError("detection", "{}: cannot be made ({}).", partial_.string(), error.message());
}

NewFolder::~NewFolder() {
  std::error_code ignored;
  if (!done_) fs::remove_all(partial_, ignored);
}

fs::path NewFolder::place(const fs::path& name) {
  std::error_code error;
  const auto path = partial_ / name;
  fs::create_directories(path.parent_path(), error);
  if (error) throw FileError("detection", "{}: cannot be made ({}).", path.parent_path().string(), error.message());
  return path;
}

void NewFolder::put(const fs::path& name, std::string_view content) {
  const auto path = place(name);
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.close();
  if (!file) throw FileError("detection", "{}: cannot be written. Is the disk full?", path.string());
}

void NewFolder::commit() {
  std::error_code error;
  fs::remove(path_, error);  // empty, or not there
  fs::rename(partial_, path_, error);
  if (error) throw FileError("detection", "{}: cannot be made ({}).", path_.string(), error.message());
  done_ = true;
}

}  // namespace graft::detection
