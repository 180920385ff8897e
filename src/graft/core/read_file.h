// A small file as a whole: settings, lists, descriptions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace graft {

constexpr int64_t kMostBytesOfText = 1 << 30;  // what a device gives for ever is no file

// FileError at `where` for what is not there, a folder, what cannot be read, and what does not end.
std::string read_file(std::string_view where, const std::filesystem::path& file, int64_t most_bytes = kMostBytesOfText);

}  // namespace graft
