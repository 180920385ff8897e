// A command: one file, and one line in commands.def. The file defines `Command <name>_command()`; the entry is data
// that `graft --help`, completion and the tests read. The name of one of a group is two words, "segment discover".
#pragma once

#include <cstddef>
#include <span>
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

std::vector<const Command*> group_of(std::string_view word);  // whose names begin with the word and a space

// What the words of a command line call, and how many of them name it. UsageError where the first is a group's and the
// second none of its.
struct Called {
  const Command& command;
  size_t words = 1;
};
Called find_called(std::span<const std::string> words);

}  // namespace graft::cli
