// What the machine gives a run: the environment, the folder for cached features, the command as it was typed.
#pragma once

#include <filesystem>

#include "graft/cli/arguments.h"
#include "graft/engine/options.h"

namespace graft::cli {

// $XDG_CACHE_HOME/graft, else ~/.cache/graft; empty without a home: nothing is then kept between runs.
std::filesystem::path cache_folder(const io::Environment& environment);

engine::Host host_of(const Arguments& arguments);

}  // namespace graft::cli
