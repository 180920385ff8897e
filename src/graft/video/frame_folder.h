// A folder of numbered frames as a clip.
#pragma once

#include <memory>

#include "graft/video/clip.h"

namespace graft::video {

// In the order of their numbers, from whichever is the first. DataError, with the names, for a hole in the numbers, a
// number that is there twice, and (when they are read) frames of different sizes.
std::unique_ptr<Clip> open_frame_folder(const std::filesystem::path& folder, const ClipOptions& options);

}  // namespace graft::video
