#include "graft/pipelines/merge.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/core/error.h"
#include "graft/pipelines/merge_adapters.h"

namespace graft::cli {
namespace {

// Several runs: one adapter.
int merge_adapters(const std::vector<std::string>& runs, const Arguments& arguments, Terminal& terminal) {
  const auto options = arguments.get<pipelines::MergeOptions>();
  if (!options.data.empty()) {
    throw UsageError("merge",
                     "--data is for the deviation of a model: what several runs become is an adapter. Leave it "
                     "out.");
  }
  const auto merged = pipelines::merge_adapters(runs, options, host_of(arguments), terminal);
  if (terminal.json()) {
    terminal.print(dump(with_notes({{"folder", merged.folder.string()},
                                    {"runs", runs},
                                    {"combine", option::print(options.algebra.combine)},
                                    {"maps", merged.maps},
                                    {"rank", merged.rank},
                                    {"head", merged.head},
                                    {"classes", merged.classes}},
                                   terminal)));
    return 0;
  }
  terminal.print(fmt::format("one adapter of {}: {} maps at rank {}; head: {}", runs.size(), merged.maps, merged.rank,
                             merged.head));
  terminal.line("saved", fmt::format("{}: an adapter, for graft and for PEFT", merged.folder.string()));
  return 0;
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::MergeOptions>();
  arguments.take_positional("run", "run folder, or a folder with an adapter");
  arguments.take_positional("others", "more of them: they become one adapter", true);
  if (!arguments.parse(terminal)) return 0;
  arguments.require("run", "a run folder");
  arguments.require("output", "the folder to write");
  if (!arguments.positionals().empty()) {
    std::vector<std::string> runs = {arguments.get<pipelines::MergeOptions>().run};
    runs.insert(runs.end(), arguments.positionals().begin(), arguments.positionals().end());
    return merge_adapters(runs, arguments, terminal);
  }
  const auto options = arguments.get<pipelines::MergeOptions>();
  const auto merged = pipelines::merge(options, host_of(arguments), terminal);
  if (terminal.json()) {
    terminal.print(dump(with_notes({{"folder", merged.folder.string()},
                                    {"folded", merged.folded},
                                    {"tensors", merged.tensors},
                                    {"rounded", merged.rounded},
                                    {"head", merged.head},
                                    {"photos", merged.photos},
                                    {"largest_deviation", merged.largest_deviation}},
                                   terminal)));
    return 0;
  }
  const auto on = merged.photos > 0 ? fmt::format("{} photos", merged.photos) : "generated inputs";
  terminal.print(fmt::format("largest deviation {:.1e} of the features' largest value, on {}; {} maps changed",
                             merged.largest_deviation, on, merged.folded));
  terminal.line("saved", fmt::format("{}: a plain model in its base's own layout", merged.folder.string()));
  return 0;
}

}  // namespace

Command merge_command() {
  return {"merge",
          "Fold an adapter into its model's weights, or make several adapters one.",
          "RUN [RUN ...] -o FOLDER",
          "graft merge runs/pets -o merged/\n"
          "graft merge runs/pets:0.5 --data pets/ -o merged/          # half of what it changes\n"
          "graft merge runs/pets:0.7 runs/pets:0.3 -o runs/both/      # one adapter, their sum\n"
          "graft merge runs/pets runs/pets --combine ties --density 0.2 -o runs/both/",
          run,
          [] { return describe_options<pipelines::MergeOptions>(); }};
}

}  // namespace graft::cli
