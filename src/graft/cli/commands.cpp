#include <string>

#include "graft/cli/command.h"
#include "graft/core/error.h"
#include "graft/core/registry.h"

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
  return find_named("graft", "command", commands(), name);
}

}  // namespace graft::cli
