// What is to be said of a file's video beside its frames.
#pragma once

#include "graft/video/clip.h"
#include "graft/video/clip_index.h"

namespace graft::video {

// Facts of the stream; the frames are turned if `upright`.
ClipFacts facts_of(const ClipPackets& packets, const ClipIndex& index, bool upright);

}  // namespace graft::video
