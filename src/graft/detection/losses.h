// What became of a set in a format: what was written is read again and held against it. So the list says all that is
// lost, and nothing that is not.
#pragma once

#include <filesystem>

#include "graft/detection/format.h"
#include "graft/detection/set.h"

namespace graft::detection {

// Images are matched by file, classes by name, boxes by their order in their image. A box that is moved by less than
// kMoved pixels is where it was.
constexpr double kMoved = 1e-3;
Lost losses(const Set& before, const Set& after);

// Of `set` as `format` wrote it to `path`.
Lost losses_in(const Format& format, const Set& set, const std::filesystem::path& path);

}  // namespace graft::detection
