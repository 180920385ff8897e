// How long a file says that it is: a download that was cut is shorter, and FFmpeg reads it without a word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace graft::video {

// In bytes from its start; absent where the container does not say: RIFF (AVI) and Matroska (WebM) do, and MP4 (MOV) of
// its boxes. A file that was written live may have left it open.
std::optional<std::uint64_t> claimed_size(std::span<const std::byte> file);

}  // namespace graft::video
