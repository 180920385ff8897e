// A photo small enough to stand in a report.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "graft/io/image.h"

namespace graft::cli {

// As a data URI: the file's own bytes where they are few, else a PNG of at most 160 pixels a side. Empty when the file
// is gone or cannot be read: a report is no place to fail.
std::string thumbnail_uri(const std::filesystem::path& photo);
std::string thumbnail_uri(const io::Image& image);  // as a PNG

// For pictures made of it; none where it is gone or cannot be read.
std::optional<io::Image> readable_photo(const std::filesystem::path& photo);

}  // namespace graft::cli
