#include "graft/detection/new_folder.h"

#include <fstream>

#include "graft/core/error.h"

namespace graft::detection {

namespace fs = std::filesystem;

namespace {

const fs::path& refuse_full(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path, error) && (!fs::is_directory(path, error) || !fs::is_empty(path, error)))
    throw FileError("detection", "{}: is there already, and is not an empty folder.", path.string());
  return path;
}

}  // namespace

NewFolder::NewFolder(const fs::path& path) : partial_("detection", refuse_full(path)) {}

fs::path NewFolder::place(const fs::path& name) {
  std::error_code error;
  const auto path = partial_.path() / name;
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

}  // namespace graft::detection
