#include "graft/detection/foreign_text.h"

#include <algorithm>
#include <filesystem>

#include "graft/core/error.h"
#include "graft/core/printable.h"

namespace graft::detection {

std::string file_of(const Image& image) {
  return image.file.empty() ? fmt::format("{}.jpg", image.id) : image.file;
}

std::string without_ending(std::string_view file) {
  const auto slash = file.rfind('/'), dot = file.rfind('.');
  const std::size_t first = slash == std::string_view::npos ? 0 : slash + 1;
  return std::string(dot == std::string_view::npos || dot <= first ? file : file.substr(0, dot));
}

std::string with_slashes(std::string_view file) {
  std::string path(file);
  std::ranges::replace(path, '\\', '/');
  while (path.starts_with("./"))
    path.erase(0, 2);
  return path;
}

void refuse_outside(std::string_view file) {
  const std::filesystem::path path(file);
  const bool up = std::ranges::any_of(path, [](const auto& part) { return part == ".."; });
  if (file.empty() || path.is_absolute() || up || file.find('\0') != std::string_view::npos)
    throw DataError("detection", "the image '{}' lies outside its folder: expected a path below it.", printable(file));
}

}  // namespace graft::detection
