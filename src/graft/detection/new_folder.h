// A new folder of files, whole or not there.
#pragma once

#include <filesystem>
#include <string_view>

#include "graft/core/partial_folder.h"

namespace graft::detection {

class NewFolder {
 public:
  // FileError where `path` is there and is not an empty folder.
  explicit NewFolder(const std::filesystem::path& path);

  // A file below it, and the folders on the way.
  void put(const std::filesystem::path& name, std::string_view content);
  // Where a file below it is written, its folders made: for those who write it themselves.
  std::filesystem::path place(const std::filesystem::path& name);
  void commit() { partial_.commit(); }

 private:
  PartialFolder partial_;
};

}  // namespace graft::detection
