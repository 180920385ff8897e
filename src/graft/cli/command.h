// A command: one file, and one line in commands.def. The file defines `Command <name>_command()`; the entry is data
// that `graft --help`, completion and the tests read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graft/core/options.h"

namespace graft::cli {

class Arguments;
class Terminal;

struct Command {
  const char* name;                                      // as typed
  const char* summary;                                   // a line of `graft --help`
  const char* usage;                                     // what follows the name
  const char* examples;                                  // lines to type, for its --help
  int (*run)(Arguments& arguments, Terminal& terminal);  // the exit code
  std::vector<OptionInfo> (*options)();                  // its own, without those of a method that it is given
};

const std::vector<Command>& commands();              // in the order of commands.def
const Command& find_command(std::string_view name);  // UsageError with the nearest name

}  // namespace graft::cli
