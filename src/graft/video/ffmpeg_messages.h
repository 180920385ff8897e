// FFmpeg's messages, which go nowhere: what is wrong with a clip is said by our errors. Some of what its demuxers find
// they say in a message alone, and go on; those are counted.
#pragma once

namespace graft::video {

void silence_ffmpeg();

// Error messages of demuxers on this thread since its start; of silence_ffmpeg() on.
int demuxer_errors();

}  // namespace graft::video
