// A video file as a clip.
#pragma once

#include <memory>

#include "graft/video/clip.h"

namespace graft::video {

std::unique_ptr<Clip> open_clip_file(const std::filesystem::path& path, const ClipOptions& options);

}  // namespace graft::video
