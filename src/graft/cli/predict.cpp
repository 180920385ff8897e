#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/core/error.h"
#include "graft/pipelines/evaluate.h"

namespace graft::cli {
namespace {

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::PredictOptions>();
  arguments.take_positional("run", "run folder, or a folder with an adapter");
  arguments.take_positional("files", "photos or folders of them; files of texts, or -", true);
  if (!arguments.parse(terminal)) return 0;
  arguments.require("run", "a run folder and photos or texts");
  auto options = arguments.get<pipelines::PredictOptions>();
  options.files = arguments.positionals();
  if (options.files.empty())
    throw UsageError("predict",
                     "expected photos, or a folder of them, after the run folder. usage: graft predict RUN PHOTO ...");
  print_predictions(pipelines::predict(options, host_of(arguments), terminal), terminal);
  return 0;
}

}  // namespace

Command predict_command() {
  return {"predict",
          "Say what photos show or texts say, with what was trained.",
          "RUN PHOTO ...",
          "graft predict runs/pets holiday/*.jpg\n"
          "graft predict runs/pets a.jpg b.png --json | jq .label\n"
          "graft predict runs/reviews new.txt",
          run,
          [] { return describe_options<pipelines::PredictOptions>(); }};
}

}  // namespace graft::cli
