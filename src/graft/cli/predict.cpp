#include <fmt/format.h>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/detect.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/cli/thumbnail.h"
#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/pipelines/detect_predict.h"
#include "graft/pipelines/detection/detector_folder.h"
#include "graft/pipelines/evaluate.h"
#include "graft/report/timeline_page.h"
#include "graft/tasks/predictions.h"

namespace graft::cli {
namespace {

// Clips in the order in which they were given.
std::vector<report::ClipTimeline> timelines_of(const pipelines::Evaluation& answers) {
  std::vector<report::ClipTimeline> timelines;
  for (size_t i = 0; i < answers.windows.size(); ++i) {
    const auto& window = answers.windows[i];
    if (timelines.empty() || timelines.back().clip != window.clip) timelines.push_back({window.clip, {}});
    const auto [best, probability] = tasks::top(answers.predictions, static_cast<int64_t>(i), 1).front();
    timelines.back().windows.push_back({.begin = window.begin,
                                        .end = window.end,
                                        .answer = answers.classes[static_cast<size_t>(best)],
                                        .probability = probability,
                                        .image = window.frame ? thumbnail_uri(*window.frame) : ""});
  }
  return timelines;
}

void add_options(Arguments& arguments) {
  arguments.add<pipelines::PredictOptions>();
  arguments.take_positional("run", "run folder, or a folder with an adapter");
  arguments.take_positional("files", "photos or folders of them; files of texts, or -", true);
}

// A detector tells boxes, and has options of its own. Those of other runs are refused by name.
bool tells_boxes(Arguments& arguments) {
  add_options(arguments);
  arguments.add<pipelines::DetectPredictOptions>();
  const auto run = arguments.peek("run");
  const bool yes = !run.empty() && pipelines::is_detector_folder(run);
  if (yes) {
    auto others = describe_options<pipelines::PredictOptions>();
    std::erase_if(others, [](const OptionInfo& info) { return info.name == "run"; });
    refuse_idle(arguments, others, describe_options<pipelines::DetectPredictOptions>(), "a detector", "predict");
  }
  arguments.start_again();
  return yes;
}

int run(Arguments& arguments, Terminal& terminal) {
  if (tells_boxes(arguments)) return tell_boxes(arguments, terminal, DetectorStands::first);
  add_options(arguments);
  if (!arguments.parse(terminal)) return 0;
  arguments.require("run", "a run folder and photos or texts");
  auto options = arguments.get<pipelines::PredictOptions>();
  options.files = arguments.positionals();
  if (options.files.empty())
    throw UsageError("predict",
                     "expected photos, or a folder of them, after the run folder. usage: graft predict RUN PHOTO ...");
  const auto answers = pipelines::predict(options, host_of(arguments), terminal);
  const auto timelines = timelines_of(answers);
  if (!options.csv.empty()) write_file_atomically(options.csv, report::to_csv(timelines));
  if (!options.html.empty()) {
    const auto about = fmt::format("{} · windows of {} s", options.run, options.timeline);
    write_file_atomically(options.html, report::to_html(about, timelines));
  }
  print_predictions(answers, terminal);
  return 0;
}

}  // namespace

Command predict_command() {
  return {"predict",
          "Say what photos show or texts say, with what was trained.",
          "RUN PHOTO ...",
          "graft predict runs/pets holiday/*.jpg\n"
          "graft predict runs/pets a.jpg b.png --json | jq .label\n"
          "graft predict runs/reviews new.txt\n"
          "graft predict runs/boxes holiday/ -o found/      # of a detector\n"
          "graft predict runs/v film.mp4 --timeline 2 --html film.html --csv film.csv",
          run,
          [] { return describe_options<pipelines::PredictOptions>(); }};
}

}  // namespace graft::cli
