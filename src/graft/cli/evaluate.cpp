#include "graft/pipelines/evaluate.h"
#include "graft/tasks/task.h"

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/models/sources.h"

namespace graft::cli {
namespace {

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::EvaluateOptions>();
  arguments.take_positional("run", "run folder, or a folder with an adapter");
  if (!arguments.parse(terminal)) return 0;
  arguments.require("run", "a run folder");
  const auto options = arguments.get<pipelines::EvaluateOptions>();
  const auto evaluation = pipelines::evaluate(options, host_of(arguments), terminal);
  if (terminal.json()) {
    terminal.print(dump(with_notes(to_json(evaluation.scores, evaluation.predictions, evaluation.classes), terminal)));
  } else {
    terminal.print(
        tasks::format_scores(evaluation.scores, tasks::scores_shown(evaluation.reads, evaluation.predictions.target)));
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
          [] { return describe_options<pipelines::EvaluateOptions>(); }};
}

}  // namespace graft::cli
