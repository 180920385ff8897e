#include "graft/engine/clip_list.h"

#include <algorithm>

#include "graft/core/error.h"
#include "graft/data/file_walk.h"
#include "graft/video/clip.h"

namespace graft::engine {

namespace fs = std::filesystem;

bool holds_clips(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return video::is_clip_name(path);
  if (video::is_frame_folder(path)) return false;  // photos, for all that is known
  const auto walk = data::walk_clips(path);
  return std::ranges::any_of(walk.files, [](const auto& file) { return video::is_clip_name(file); }) &&
         data::walk_photos(path).files.empty();
}

std::vector<data::Sample> list_clips(const std::vector<std::string>& words) {
  std::vector<data::Sample> samples;
  const auto add = [&](const fs::path& path, std::string name) {
    samples.push_back({.input = path.string(), .label = -1, .name = std::move(name)});
  };
  for (const auto& word : words) {
    std::error_code error;
    if (!fs::is_directory(word, error) || video::is_frame_folder(word)) {
      add(word, word);
      continue;
    }
    const auto walk = data::walk_clips(word);
    for (const auto& file : walk.files)
      add(fs::path(word) / file, (fs::path(word) / file).string());
    if (walk.files.empty()) {
      throw DataError("data", "{} holds no clips{}.", word,
                      walk.left.empty() ? "" : fmt::format(" (left: {})", walk.left.words()));
    }
  }
  return samples;
}

std::vector<data::Sample> windows_of(const std::vector<data::Sample>& clips, double seconds, data::FrameCache& frames) {
  if (!(seconds > 0)) throw ConfigError("predict", "--timeline {}: expected seconds, more than 0.", seconds);
  std::vector<data::Sample> windows;
  for (const auto& clip : clips) {
    const auto& times = frames.seen(clip.input, /*with_times=*/true).times;
    const double last = times.back();
    for (int64_t k = 0; k == 0 || static_cast<double>(k) * seconds / 2 + seconds / 2 <= last; ++k) {
      const double begin = static_cast<double>(k) * seconds / 2;
      auto window = clip;
      window.span = data::Span{.begin = begin, .end = begin + seconds};
      window.name = fmt::format("{} {:.1f}-{:.1f} s", clip.shown(), begin, std::min(begin + seconds, last));
      // A pause without a frame has no answer.
      const auto from = std::ranges::lower_bound(times, begin), to = std::ranges::lower_bound(times, begin + seconds);
      if (from != to) windows.push_back(std::move(window));
    }
  }
  return windows;
}

}  // namespace graft::engine
