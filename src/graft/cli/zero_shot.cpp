#include "graft/pipelines/zero_shot.h"
#include "graft/tasks/task.h"

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/data/feature_file.h"
#include "graft/models/sources.h"

namespace graft::cli {
namespace {

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::ZeroShotOptions>();
  if (!arguments.parse(terminal)) return 0;
  const auto options = arguments.get<pipelines::ZeroShotOptions>();
  if (!data::is_feature_file(options.data.data))
    arguments.require("model", "a CLIP: folder, file, or org/name in the Hugging Face cache");
  arguments.require("data", "photos: a folder, a table, or a CoOp split file");
  const auto evaluation = pipelines::zero_shot(options, host_of(arguments), terminal);
  const bool labelled = evaluation.scores.count > 0, pairs = evaluation.predictions.target == data::Target::caption;
  if (!pairs && (terminal.json() || !labelled)) print_predictions(evaluation, terminal);
  if (!labelled) return 0;
  terminal.print(
      terminal.json()
          ? dump(with_notes(to_json(evaluation.scores, evaluation.predictions, evaluation.classes), terminal))
          : tasks::format_scores(evaluation.scores,
                                 tasks::scores_shown(evaluation.reads, evaluation.predictions.target)));
  return 0;
}

}  // namespace

Command zero_shot_command() {
  return {"zero-shot",
          "Classify photos by the names of their classes, or find them by captions, without training.",
          "--model CLIP --data D",
          "graft zero-shot --model openai/clip-vit-base-patch16 --data pets/\n"
          "graft zero-shot --model clip/ --data photos/ --classes names.txt \\\n"
          "    --template 'a photo of a {}.' --template 'a drawing of a {}.' --json\n"
          "graft zero-shot --model clip/ --data coco/ --test-split val      # captions: recall both ways",
          run,
          [] { return describe_options<pipelines::ZeroShotOptions>(); }};
}

}  // namespace graft::cli
