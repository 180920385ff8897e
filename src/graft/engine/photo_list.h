// Photos without regard to what they show: those of a data set, or just those below a folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graft/engine/options.h"

namespace graft::engine {

struct PhotoList {
  std::vector<std::string> files;  // as named in the data: relative to the folder, or to the table
  std::vector<std::filesystem::path> paths;
};

// A split of a data set; or, with no split named, every photo below a folder, sorted by name, or every row of a table,
// in its order; or one photo. DataError for nothing.
PhotoList list_photos(const DataOptions& options, const std::string& split);

// By its name's ending: jpg, jpeg, png, webp, bmp, in either case.
bool is_photo(const std::filesystem::path& file);

}  // namespace graft::engine
