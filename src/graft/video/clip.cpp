#include "graft/video/clip.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <system_error>

#include "graft/video/clip_file.h"
#include "graft/video/frame_folder.h"

namespace graft::video {

std::unique_ptr<Clip> open_clip(const std::filesystem::path& path, const ClipOptions& options) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored) ? open_frame_folder(path, options)
                                                      : open_clip_file(path, options);
}

bool is_clip_name(const std::filesystem::path& file) {
  constexpr std::string_view kEndings[] = {".mp4", ".m4v",  ".mov",  ".avi", ".webm", ".mkv", ".mpg",  ".mpeg", ".ts",
                                           ".mts", ".m2ts", ".wmv",  ".asf", ".flv",  ".3gp", ".3g2",  ".ogv",  ".vob",
                                           ".gif", ".h264", ".hevc", ".ivf", ".mxf",  ".dv",  ".divx", ".xvid"};
  std::string ending = file.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kEndings, ending) != std::end(kEndings);
}

}  // namespace graft::video
