// A folder that is whole or not there: written under a hidden name beside its place, and renamed into it at the end.
// What processes that were killed left behind for the same place is removed.
#pragma once

#include <filesystem>
#include <string>

namespace graft {

class PartialFolder {
 public:
  // Before any work: FileError where `output` is a file ("merge writes a folder", by `where`), ConfigError where it is
  // a folder that holds something, unless `force`.
  static void check_output(const std::string& where, const std::filesystem::path& output, bool force);

  // `where` begins errors. FileError where nothing can be made beside `output`.
  PartialFolder(std::string where, std::filesystem::path output);
  ~PartialFolder();  // without commit(): nothing happened
  PartialFolder(const PartialFolder&) = delete;
  PartialFolder& operator=(const PartialFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const std::filesystem::path& output() const { return output_; }

  // Takes the place of an empty folder or of none; into a folder that holds other things its entries are moved.
  void commit();

 private:
  void remove_those_left_behind() const;

  std::string where_;
  std::filesystem::path output_, path_;
};

}  // namespace graft
