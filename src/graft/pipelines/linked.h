// Photos that are named in another folder and not written twice.
#pragma once

#include <filesystem>

namespace graft::pipelines {

// A link `at` to a file or a folder, or a copy where there can be none; takes the place of what is a link or a file
// there.
void link_or_copy(const std::filesystem::path& what, const std::filesystem::path& at);

}  // namespace graft::pipelines
