// Where the sources lie, for tests that read golden files. It stands in one object file, so that every other one is the
// same in each checkout and the compiler's cache serves them all.
#pragma once

#include <filesystem>

namespace graft {

std::filesystem::path source_dir();

}  // namespace graft
