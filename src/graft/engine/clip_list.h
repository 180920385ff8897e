// Clips without regard to what they show: files, folders of frames, and what lies below folders.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graft/data/dataset.h"
#include "graft/data/frame_cache.h"

namespace graft::engine {

// A clip, or a folder that holds clips and no photos beside them.
bool holds_clips(const std::filesystem::path& path);

// As samples without labels. DataError for what holds no clips.
std::vector<data::Sample> list_clips(const std::vector<std::string>& words);

// Each clip as windows of so many seconds, the next beginning half a window later, up to the clip's end; named
// "a.mp4 2.0-4.0 s". ConfigError for no length.
std::vector<data::Sample> windows_of(const std::vector<data::Sample>& clips, double seconds, data::FrameCache& frames);

}  // namespace graft::engine
