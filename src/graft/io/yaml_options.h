// Options as a YAML file: a run's config.yaml, and what `--config` reads.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "graft/core/options.h"

namespace graft::io {

// Nested maps are joined by dots ("lora.rank"), a list becomes lines, snake_case counts as kebab-case. JSON is read
// too. ConfigError, with `name` and the line, for anything but one mapping of plain values and lists of them: an empty
// map or list, a second document and a merge key say nothing that could be kept.
//
// A list of maps is refused, unless it may be `numbered`: then its values are named by their place
// ("exclude.0.method").
enum class ListsOfMaps { refused, numbered };
OptionValues parse_yaml_options(std::string_view text, const std::string& name,
                                ListsOfMaps lists = ListsOfMaps::refused);
OptionValues read_yaml_options(const std::filesystem::path& file,  // FileError when it cannot be read
                               ListsOfMaps lists = ListsOfMaps::refused);
std::string print_yaml_options(const OptionValues& values);  // a flat mapping that reads back the same

}  // namespace graft::io
