#include "graft/engine/evaluate.h"

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/engine/sources.h"

namespace graft::cli {
namespace {

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<engine::EvaluateOptions>();
  arguments.take_positional("run", "run folder, or a folder with an adapter");
  if (!arguments.parse(terminal)) return 0;
  arguments.require("run", "a run folder");
  const auto options = arguments.get<engine::EvaluateOptions>();
  const auto evaluation = engine::evaluate(options, host_of(arguments), terminal);
  if (terminal.json()) {
    terminal.print(dump(with_notes(to_json(evaluation.scores, evaluation.predictions, evaluation.classes), terminal)));
  } else {
    terminal.print(engine::format_scores(evaluation.scores, engine::scores_shown(evaluation.reads)));
  }
  return 0;
}

}  // namespace

Command evaluate_command() {
  return {"evaluate",
          "Test what was trained on a labelled data set.",
          "RUN [--data D] [--split test]",
          "graft evaluate runs/pets\n"
          "graft evaluate runs/pets --data other-pets/ --json",
          run,
          [] { return describe_options<engine::EvaluateOptions>(); }};
}

}  // namespace graft::cli
