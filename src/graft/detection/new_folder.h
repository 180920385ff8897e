// A folder that is whole or not there: written beside its name, then renamed.
#pragma once

#include <filesystem>
#include <string_view>

namespace graft::detection {

class NewFolder {
 public:
  // FileError where `path` is there and is not an empty folder.
  explicit NewFolder(std::filesystem::path path);
  ~NewFolder();  // without commit(): nothing happened
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  // A file below it, and the folders on the way.
  void put(const std::filesystem::path& name, std::string_view content);
  // Where a file below it is written, its folders made: for those who write it themselves.
  std::filesystem::path place(const std::filesystem::path& name);
  void commit();

 private:
  std::filesystem::path path_, partial_;
  bool done_ = false;
};

}  // namespace graft::detection
