// The table of methods, or one method's options.
#include "graft/methods/entry.h"
#include "graft/methods/method.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/help.h"
#include "graft/cli/table.h"

namespace graft::cli {
namespace {

struct Options {
  std::string method;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("method", o.method, "a method, to see its options");
}

nlohmann::json to_json(const methods::Entry& entry) {
  nlohmann::json row = {{"name", entry.name},
                        {"summary", entry.summary},
                        {"paper", entry.paper},
                        {"identity_at_start", entry.promises.identity_at_start},
                        {"folds", entry.promises.folds},
                        {"trains", entry.promises.trains},
                        {"needs_text", entry.needs.prompts}};
  for (const auto& info : entry.options()) {
    row["options"].push_back(
        {{"name", info.name}, {"type", info.type}, {"default", info.default_value}, {"help", info.help}});
  }
  return row;
}

// What becomes of each field of PEFT's adapter_config.json.
void print_fields(const methods::Entry& entry, Terminal& terminal) {
  TextTable table({Align::left, Align::left, Align::left});
  for (const auto& field : entry.peft_fields())
    table.row({field.name, to_string(field.kind), field.note});
  terminal.print(fmt::format("\nread from PEFT ({}), by the fields of its adapter_config.json:", entry.peft_type));
  print(table, terminal);
}

void print_one(const methods::Entry& entry, Terminal& terminal) {
  terminal.print(fmt::format("{}: {}", entry.name, entry.summary));
  terminal.print(entry.paper);
  const auto& promises = entry.promises;
  std::string traits = promises.identity_at_start ? "starts as the frozen model" : "does not start as the frozen model";
  if (promises.folds) traits += " · folds into the weights (graft merge)";
  if (!promises.trains) traits += " · nothing is trained by gradient steps";
  if (entry.needs.prompts) traits += " · needs a text tower";
  terminal.print(traits);
  std::vector<HelpEntry> entries;
  for (const auto& info : entry.options())
    entries.push_back(describe("--" + info.name, info));
  std::string text = format_entries(entries);
  if (!text.empty()) {
    text.pop_back();
    terminal.print("\noptions:\n" + text);
  }
  if (entry.peft_fields) print_fields(entry, terminal);
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<Options>();
  arguments.take_positional("method", "a method, to see its options");
  if (!arguments.parse(terminal)) return 0;
  const std::string name = arguments.get<Options>().method;
  if (!name.empty()) {
    const auto& entry = methods::find_entry(name);
    terminal.json() ? terminal.print(to_json(entry).dump()) : print_one(entry, terminal);
    return 0;
  }
  TextTable table({Align::left, Align::left, Align::left});
  for (const auto* entry : methods::entries()) {
    if (terminal.json()) terminal.print(to_json(*entry).dump());
    table.row({entry->name, entry->summary, entry->paper});
  }
  if (terminal.json()) return 0;
  print(table, terminal);
  terminal.line("next", "graft methods NAME shows its options; several at once are written lora+vpt");
  return 0;
}

}  // namespace

Command methods_command() {
  return {"methods",  "List the adaptation methods, or show the options of one.",
          "[METHOD]", "graft methods\ngraft methods lora",
          run,        [] { return describe_options<Options>(); }};
}

}  // namespace graft::cli
