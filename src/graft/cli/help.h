// The layout of --help: usage, arguments, options in groups, examples.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graft/core/options.h"

namespace graft::cli {

struct Command;

struct HelpEntry {
  std::string left;   // "-o, --output TEXT"
  std::string right;  // a sentence, wrapped beside it
};
struct HelpGroup {
  std::string title;
  std::vector<HelpEntry> entries;
};

// "--rank N" and "rank of the update (default 8)".
HelpEntry describe(std::string_view flag, const OptionInfo& info);

std::string format_entries(const std::vector<HelpEntry>& entries);
std::string format_help(const Command& command, const std::vector<HelpEntry>& positionals,
                        const std::vector<HelpGroup>& groups);

}  // namespace graft::cli
