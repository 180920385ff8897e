// The embedded model and photos, wherever this program was installed or built.
#pragma once

#include <filesystem>

#include "graft/io/hub.h"

namespace graft::cli {

// $GRAFT_ASSETS, else share/graft beside the program's bin/, else the source tree it was built from. FileError, with
// the places it looked at, when there is none.
std::filesystem::path find_assets(const io::Environment& environment);

}  // namespace graft::cli
