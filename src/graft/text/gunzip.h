// A gzip file held in memory, unpacked.
#pragma once

#include <string>
#include <string_view>

namespace graft::text {

// At most `limit` bytes are unpacked; more, or anything but one sound gzip stream, is an InternalError: the files are
// ours.
std::string gunzip(std::string_view compressed, size_t limit);

}  // namespace graft::text
