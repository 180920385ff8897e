#include "graft/cli/help.h"

#include <fmt/format.h>

#include <algorithm>

#include "graft/cli/command.h"

namespace graft::cli {
namespace {

constexpr size_t kWidth = 100;   // of the whole page
constexpr size_t kLongest = 30;  // of the left column; a longer entry has its sentence below it

std::string placeholder(const OptionInfo& info) {
  if (info.type == "yes/no") return "";
  if (info.type == "integer") return " N";
  if (info.type == "number") return " X";
  if (info.type == "list") return " A,B";
  if (info.type == "text") return " TEXT";
  return " " + info.type;  // the choices
}

}  // namespace

HelpEntry describe(std::string_view flag, const OptionInfo& info) {
  HelpEntry entry{fmt::format("{}{}", flag, placeholder(info)), info.help};
  const bool is_off = info.type == "yes/no" && info.default_value == "false";
  if (!info.default_value.empty() && !is_off) {
    entry.right +=
        fmt::format(" (default {})", info.type == "yes/no" ? "yes; --no-... turns it off" : info.default_value);
  }
  return entry;
}

std::string format_entries(const std::vector<HelpEntry>& entries) {
  size_t left = 0;
  for (const auto& entry : entries) {
    if (entry.left.size() <= kLongest) left = std::max(left, entry.left.size());
  }
  std::string text;
  for (const auto& entry : entries) {
    std::string line = fmt::format("  {:<{}}", entry.left, left);
    if (entry.left.size() > left) {
      text += line + '\n';
      line = std::string(left + 2, ' ');
    }
    line += ' ';
    std::string_view rest = entry.right;
    while (!rest.empty()) {
      const std::string_view word = rest.substr(0, rest.find(' '));
      if (line.size() + 1 + word.size() > kWidth) {
        text += line + '\n';
        line = std::string(left + 3, ' ');
      }
      line += fmt::format(" {}", word);
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    }
    text += line + '\n';
  }
  return text;
}

std::string format_help(const Command& command, const std::vector<HelpEntry>& positionals,
                        const std::vector<HelpGroup>& groups) {
  std::string text = fmt::format("{}\n\nusage: graft {}{}{}\n", command.summary, command.name,
                                 *command.usage ? " " : "", command.usage);
  if (!positionals.empty()) text += "\n" + format_entries(positionals);
  for (const auto& group : groups) {
    if (group.entries.empty()) continue;
    text += fmt::format("\n{}:\n{}", group.title.empty() ? "options" : group.title, format_entries(group.entries));
  }
  text += "\nexamples:\n";
  std::string_view examples = command.examples;
  while (!examples.empty()) {
    const std::string_view line = examples.substr(0, examples.find('\n'));
    text += fmt::format("  {}\n", line);
    examples.remove_prefix(std::min(examples.size(), line.size() + 1));
  }
  text += "\nAny option may stand as GRAFT_NAME in the environment or as `name: value` in the file of --config.";
  return text;
}

}  // namespace graft::cli
