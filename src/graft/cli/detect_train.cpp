#include "graft/pipelines/detect_train.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/cli/adapt_options.h"
#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/detect.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/core/error.h"
#include "graft/core/printable.h"

namespace graft::cli {
namespace {

// A run goes on as it was begun: only what changes no bit may be said anew.
void check_resumed(const OptionValues& given) {
  for (const auto& [name, value] : given) {
    if (name != "resume" && name != "threads")
      throw ConfigError("resume", "--{}: the run goes on as it was begun. Leave it out.", name);
  }
}

}  // namespace

int train_detector(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::DetectTrainOptions>();
  const auto resumed = arguments.peek("resume");
  auto method = arguments.peek("method");
  if (method.empty()) method = pipelines::DetectTrainOptions{}.method;
  const auto of_method = resumed.empty() ? options_of_method(method) : OptionGroup{};
  arguments.add_group(of_method);
  if (!arguments.parse(terminal)) return 0;
  const auto options = arguments.get<pipelines::DetectTrainOptions>();
  if (options.resume.empty()) {
    arguments.require("model", "a ResNet or a detector");
    arguments.require("data", "photos with boxes");
  } else {
    check_resumed(arguments.pick(describe_options<pipelines::DetectTrainOptions>()));
  }
  const auto result = pipelines::detect_train(options, arguments.pick(of_method.options), host_of(arguments), terminal);
  if (result.stopped_by != 0) return 128 + result.stopped_by;
  if (!result.folder.empty())
    terminal.line(
        "next", fmt::format("graft detect predict --model {} PHOTO ... -o BOXES", shell_path(result.folder.string())));
  if (terminal.json()) {
    nlohmann::json json{{"folder", result.folder.string()},
                        {"classes", result.classes},
                        {"steps", result.steps},
                        {"seconds", result.seconds}};
    if (result.validation) {
      for (const auto& score : result.validation->all)
        json[score.name] = finite_number(score.value);
    }
    terminal.print(dump(with_notes(std::move(json), terminal)));
  } else {
    terminal.print(fmt::format("{} classes in {} steps{}", result.classes.size(), result.steps,
                               result.validation ? "  " + tasks::format_scores(*result.validation, 2) : ""));
  }
  return 0;
}

Command detect_train_command() {
  return {
      "detect train",
      "Train a detector on photos with boxes, merged ones with unknown classes too.",
      "--model M --data D -o FOLDER",
      "graft detect train --model detector.safetensors --data boxes.json --image-size 64 -o runs/boxes\n"
      "graft detect train --model detector.safetensors --data boxes.json --validation boxes.json --classes tie,watch "
      "--unknown background --image-size 64",
      train_detector,
      [] { return describe_options<pipelines::DetectTrainOptions>(); }};
}

}  // namespace graft::cli
