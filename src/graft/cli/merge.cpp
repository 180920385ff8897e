#include "graft/pipelines/merge.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"

namespace graft::cli {
namespace {

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::MergeOptions>();
  arguments.take_positional("run", "run folder, or a folder with an adapter");
  if (!arguments.parse(terminal)) return 0;
  arguments.require("run", "a run folder");
  arguments.require("output", "the model folder to write");
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
          "Fold an adapter into its model's weights.",
          "RUN -o FOLDER",
          "graft merge runs/pets -o merged/\n"
          "graft merge runs/pets --data pets/ -o merged/",
          run,
          [] { return describe_options<pipelines::MergeOptions>(); }};
}

}  // namespace graft::cli
