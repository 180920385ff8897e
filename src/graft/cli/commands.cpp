#include <string>

#include "graft/cli/command.h"
#include "graft/core/error.h"
#include "graft/core/names.h"

namespace graft::cli {

#define COMMAND(name) Command name##_command();
#include "graft/cli/commands.def"
#undef COMMAND

const std::vector<Command>& commands() {
#define COMMAND(name) name##_command(),
  static const std::vector<Command> all = {
#include "graft/cli/commands.def"
  };
#undef COMMAND
  return all;
}

const Command& find_command(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& command : commands()) {
    if (command.name == name) return command;
    known.emplace_back(command.name);
  }
  throw UsageError("graft", "{}", unknown_name("command", name, known));
}

}  // namespace graft::cli
