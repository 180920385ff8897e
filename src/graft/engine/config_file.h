// A run's options as a YAML file: one flat mapping, names as the flags are called.
#pragma once

#include <filesystem>

#include "graft/core/options.h"

namespace graft::engine {

// snake_case keys count as kebab-case; a list becomes "a,b". ConfigError for anything but a mapping of plain values.
OptionValues read_config(const std::filesystem::path& file);
std::string print_config(const OptionValues& values);  // the YAML text

}  // namespace graft::engine
