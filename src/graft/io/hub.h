// What the user typed for a model, as a path: a file, a folder, or `org/name[@revision]` in the Hugging Face cache.
// Nothing is downloaded, and the environment comes in as an argument.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace graft::io {

// The value of an environment variable, if it is set.
using Environment = std::function<std::optional<std::string>(std::string_view)>;

// Where the Hugging Face libraries would look, first to last.
std::vector<std::filesystem::path> hub_caches(const Environment& environment);

// An existing file or folder, or the snapshot of a cached repository; FileError says where it looked.
std::filesystem::path resolve_model(std::string_view typed, const Environment& environment);

}  // namespace graft::io
