// Where the clips that a list names lie: lists stand beside their videos, above them, or in an annotations folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace graft::data {

class ClipPlaces {
 public:
  // `folder` is the list's; paths are found relative to it.
  explicit ClipPlaces(std::filesystem::path folder);

  // The first of the names that is there, with or without a video's ending; else the first name, as it will be missed
  // when it is opened. Looked for in the folder, in one beside or above it, and in their usual subfolders (videos,
  // rawframes, ...); where the last one was, first.
  std::string find(const std::vector<std::string>& names);
  bool is_folder(const std::string& found) const;

 private:
  std::filesystem::path folder_;
  std::vector<std::filesystem::path> roots_;
};

}  // namespace graft::data
