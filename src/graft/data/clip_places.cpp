#include "graft/data/clip_places.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "graft/video/clip.h"

namespace graft::data {

namespace fs = std::filesystem;

ClipPlaces::ClipPlaces(fs::path folder) : folder_(folder.empty() ? "." : std::move(folder)) {
  constexpr std::array<std::string_view, 9> kUsual = {
      "videos",      "rawframes", "frames", "clips", "data", "UCF-101", "hmdb51_org", "20bn-something-something-v2",
      "videos_train"};
  const fs::path whole = fs::absolute(folder_).lexically_normal();
  const fs::path above = (whole.has_filename() ? whole : whole.parent_path()).parent_path();
  for (const fs::path& place : {whole, above}) {
    std::error_code error;
    roots_.push_back(place);
    for (const auto name : kUsual) {
      if (fs::is_directory(place / name, error)) roots_.push_back(place / name);
    }
  }
}

std::string ClipPlaces::find(const std::vector<std::string>& names) {
  constexpr std::array<const char*, 5> kEndings = {"", ".mp4", ".avi", ".webm", ".mkv"};
  for (std::size_t r = 0; r < roots_.size(); ++r) {
    for (const std::string& name : names) {
      for (const char* ending : kEndings) {
        if (*ending != 0 && video::is_clip_name(name)) break;
        std::error_code error;
        const fs::path there = roots_[r] / (name + ending);
        if (name.empty() || !fs::exists(there, error)) continue;
        std::rotate(roots_.begin(), roots_.begin() + static_cast<std::ptrdiff_t>(r),
                    roots_.begin() + static_cast<std::ptrdiff_t>(r) + 1);
        return there.lexically_relative(fs::absolute(folder_).lexically_normal()).generic_string();
      }
    }
  }
  return names.front();
}

bool ClipPlaces::is_folder(const std::string& found) const {
  std::error_code error;
  return fs::is_directory(folder_ / found, error);
}

}  // namespace graft::data
