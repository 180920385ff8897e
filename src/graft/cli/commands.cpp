#include <fmt/format.h>

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

std::vector<const Command*> group_of(std::string_view word) {
  std::vector<const Command*> group;
  for (const auto& command : commands()) {
    const std::string_view name = command.name;
    if (name.size() > word.size() && name.starts_with(word) && name[word.size()] == ' ') group.push_back(&command);
  }
  return group;
}

Called find_called(std::span<const std::string> words) {
  const auto group = group_of(words[0]);
  if (group.empty()) return {find_command(words[0])};
  if (words.size() > 1) return {find_named("graft", "command", group, words[0] + " " + words[1]), 2};
  std::string known;
  for (const auto* command : group)
    known += fmt::format("{}graft {}", known.empty() ? "" : ", ", command->name);
  throw UsageError("graft", "'{}' is a group of commands: expected {}.", words[0], known);
}

}  // namespace graft::cli
