// The tables of what is put on top of a method, losses, mixings, blocks and what is learned of a teacher, or one's
// options.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/help.h"
#include "graft/cli/table.h"
#include "graft/core/registry.h"
#include "graft/plugins/blocks/block.h"
#include "graft/plugins/distillation/distillation.h"
#include "graft/plugins/losses/loss.h"
#include "graft/plugins/mixing/mixing.h"

namespace graft::cli {
namespace {

struct Options {
  std::string plugin;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("plugin", o.plugin, "a loss, a mixing, a block or a way to learn from a teacher, to see its options");
}

// What the registries say alike.
struct Plugin {
  const char* kind;  // "loss": the option that names it
  std::string name, summary, paper;
  std::vector<OptionInfo> options;
};

std::vector<Plugin> all_plugins() {
  std::vector<Plugin> all;
  const auto add = [&](const char* kind, const auto& entries) {
    for (const auto* entry : entries)
      all.push_back({kind, entry->name, entry->summary, entry->paper, entry->options()});
  };
  add("loss", plugins::losses());
  add("mix", plugins::mixings());
  add("block", plugins::blocks());
  add("distil", plugins::distillations());
  return all;
}

nlohmann::json to_json(const Plugin& plugin) {
  nlohmann::json row = {{"kind", plugin.kind},
                        {"name", plugin.name},
                        {"summary", plugin.summary},
                        {"paper", plugin.paper},
                        {"options", nlohmann::json::array()}};
  for (const auto& info : plugin.options) {
    row["options"].push_back(
        {{"name", info.name}, {"type", info.type}, {"default", info.default_value}, {"help", info.help}});
  }
  return row;
}

void print_one(const Plugin& plugin, Terminal& terminal) {
  terminal.print(fmt::format("{}: {}", plugin.name, plugin.summary));
  if (!plugin.paper.empty()) terminal.print(plugin.paper);
  std::vector<HelpEntry> entries;
  for (const auto& info : plugin.options)
    entries.push_back(describe(info.name, info));
  std::string text = format_entries(entries);
  if (text.empty()) return terminal.print(fmt::format("--{} {}", plugin.kind, plugin.name));
  text.pop_back();
  terminal.print(fmt::format("--{} {}:option=value,option=value\n\noptions:\n{}", plugin.kind, plugin.name, text));
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<Options>();
  arguments.take_positional("plugin", "a loss, a mixing, a block or a way to learn from a teacher, to see its options");
  if (!arguments.parse(terminal)) return 0;
  const std::string name = arguments.get<Options>().plugin;
  const auto all = all_plugins();
  if (!name.empty()) {
    const auto& plugin = find_named("plugins", "plug-in", all, name);
    terminal.json() ? terminal.print(to_json(plugin).dump()) : print_one(plugin, terminal);
    return 0;
  }
  TextTable table({Align::left, Align::left, Align::left, Align::left});
  for (const auto& plugin : all) {
    if (terminal.json()) terminal.print(to_json(plugin).dump());
    table.row({fmt::format("--{}", plugin.kind), plugin.name, plugin.summary, plugin.paper});
  }
  if (terminal.json()) return 0;
  print(table, terminal);
  terminal.line("next", "graft plugins NAME shows its options, which are written behind it: focal:gamma=1");
  return 0;
}

}  // namespace

Command plugins_command() {
  return {"plugins",  "List losses, mixings, blocks and ways to learn from a teacher, or one's options.",
          "[PLUGIN]", "graft plugins\ngraft plugins focal",
          run,        [] { return describe_options<Options>(); }};
}

}  // namespace graft::cli
