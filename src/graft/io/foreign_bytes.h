// What a file is that is no checkpoint, told by its first bytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace graft::io {

// "is a Git LFS pointer and not the weights. Fetch them with `git lfs pull`."; nothing for bytes that a reader of
// weights may try.
std::optional<std::string> foreign_bytes(std::span<const std::byte> bytes, const std::filesystem::path& path);

}  // namespace graft::io
