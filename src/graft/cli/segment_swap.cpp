#include "graft/pipelines/segment_swap.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/cli/swap_report.h"
#include "graft/cli/table.h"

namespace graft::cli {
namespace {

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::SwapOptions>();
  arguments.take_positional("run", "run folder, or a folder with an adapter, of a classifier");
  if (!arguments.parse(terminal)) return 0;
  if (!arguments.was_given("run")) {
    arguments.require("model", "a CLIP, where no run folder is named");
    arguments.require("data", "photos with masks, or with classes and --masks");
  }
  const auto options = arguments.get<pipelines::SwapOptions>();
  const auto swaps = pipelines::swap_backgrounds(options, host_of(arguments), terminal);
  if (!options.output.empty()) {
    write_swap_report(options, swaps, arguments.command_line());
    terminal.line("report", options.output + "/report.html");
  }
  if (terminal.json()) {
    terminal.print(dump(with_notes(to_json(swaps, options.draws), terminal)));
    return 0;
  }
  TextTable table({Align::left, Align::right, Align::right, Align::right, Align::right});
  for (auto& row : swap_table(swaps.effects))
    table.row(std::move(row));
  print(table, terminal);
  const auto& [value, interval] = swaps.effects.beyond_chance;
  terminal.print("");
  terminal.print(fmt::format("follows  {:.1f} % ({:.1f} to {:.1f}) {}", 100 * value, 100 * interval.low,
                             100 * interval.high, words_of_follows(swaps.effects)));
  if (const auto& gap = swaps.effects.gap) {
    terminal.print(
        fmt::format("gap      {:.1f} % ({:.1f} to {:.1f}) of accuracy, from backgrounds of its own class to others",
                    100 * gap->value, 100 * gap->interval.low, 100 * gap->interval.high));
  }
  return 0;
}

}  // namespace

Command segment_swap_command() {
  return {"segment swap",
          "Exchange the backgrounds of photos: how far a classifier's answer follows.",
          "RUN|--model CLIP --data D --masks MASKS -o FOLDER",
          "graft segment swap runs/pets --masks pets-masks/ -o swapped/\n"
          "graft segment swap --model openai/clip-vit-base-patch16 --data photos-with-masks/ --draws 8 -o swapped/",
          run,
          [] { return describe_options<pipelines::SwapOptions>(); }};
}

}  // namespace graft::cli
