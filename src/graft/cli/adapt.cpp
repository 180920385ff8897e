#include "graft/pipelines/adapt.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "graft/cli/adapt_options.h"
#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/detect.h"
#include "graft/cli/host.h"
#include "graft/cli/language.h"
#include "graft/cli/results.h"
#include "graft/cli/run_report.h"
#include "graft/core/printable.h"
#include "graft/io/yaml_options.h"
#include "graft/pipelines/detect_train.h"
#include "graft/pipelines/language/train.h"

namespace graft::cli {
namespace {

nlohmann::json describe(const pipelines::AdaptResult& result) {
  nlohmann::json json = {{"folder", result.folder.string()},
                         {"trained_parameters", result.trained_parameters},
                         {"frozen_parameters", result.frozen_parameters},
                         {"steps", result.steps},
                         {"epochs", result.epochs},
                         {"seconds", result.seconds},
                         {"train_seconds", result.train_seconds},
                         {"waited_seconds", result.waited},
                         {"peak_memory_bytes", result.peak_memory_bytes},
                         {"adapter_bytes", result.adapter_bytes},
                         {"test", to_json(result.test, result.test_predictions, result.classes)}};
  if (result.val && result.val->count > 0) json["val"] = to_json(*result.val);
  return json;
}

// Of a run that is to go on; empty where it says none.
std::string task_of_run(const std::string& folder) {
  const auto config = std::filesystem::path(folder) / "config.yaml";
  std::error_code error;
  if (folder.empty() || !std::filesystem::exists(config, error)) return "";
  return io::read_yaml_options(config)["task"];
}

// Boxes and language are learned by pipelines of their own, whose options then are this command's. What else was said
// of a run is refused by name.
using Train = int (*)(Arguments&, Terminal&);
Train other_pipeline(Arguments& arguments) {
  arguments.add<engine::AdaptOptions>();
  auto task = arguments.peek("task");
  if (task.empty()) task = task_of_run(arguments.peek("resume"));
  if (task.empty() && pipelines::language::holds_documents(arguments.peek("data"))) task = engine::kLanguageTask;
  Train train = nullptr;
  const auto take = [&](Train other, const std::vector<OptionInfo>& own) {
    refuse_idle(arguments, describe_options<engine::AdaptOptions>(), own, "--task " + task, "adapt");
    train = other;
  };
  if (task == engine::kDetectionTask) take(train_detector, describe_options<pipelines::DetectTrainOptions>());
  if (task == engine::kLanguageTask) take(train_language, describe_options<pipelines::language::TrainOptions>());
  arguments.start_again();
  return train;
}

int run(Arguments& arguments, Terminal& terminal) {
  if (const auto train = other_pipeline(arguments)) return train(arguments, terminal);
  const auto request = read_adapt_arguments(arguments, terminal);
  if (!request) return 0;
  const auto& options = request->options;
  const std::string folder = options.resume.empty() ? options.output : options.resume;
  if (!folder.empty()) terminal.log_to(folder, !options.resume.empty());
  const auto host = host_of(arguments);
  const auto result = options.resume.empty() ? pipelines::adapt(options, request->method_options, host, terminal)
                                             : pipelines::resume(options.resume, request->given, host, terminal);
  if (result.stopped_by != 0) {
    if (!result.folder.empty()) terminal.finish_log();
    return 128 + result.stopped_by;
  }
  if (!result.folder.empty()) {
    write_run_report(result, result.command);
    terminal.line("report", (result.folder / "report.html").string());
    const auto run = shell_path(result.folder.string());
    if (result.test_predictions.target == data::Target::caption) {
      terminal.line("next", fmt::format("graft evaluate {} --data OTHER.csv", run));
    } else if (result.reads == data::Reads::features) {
      terminal.line("next", fmt::format("graft evaluate {} --data OTHER.npy --labels TABLE.csv", run));
    } else {
      terminal.line("next", fmt::format("graft predict {} {} ...{}", run,
                                        result.reads == data::Reads::photo  ? "PHOTO"
                                        : result.reads == data::Reads::clip ? "CLIP.mp4"
                                                                            : "TEXTS.txt",
                                        result.test_predictions.target == data::Target::mask ? " -o MASKS" : ""));
    }
    terminal.finish_log();
  } else {
    terminal.line("next", "add -o FOLDER to keep what was trained");
  }
  if (terminal.json()) terminal.print(dump(with_notes(describe(result), terminal)));
  return 0;
}

}  // namespace

Command adapt_command() {
  return {"adapt",
          "Train a few parameters on a frozen model.",
          "--model M --data D --method NAME [-o FOLDER]",
          "graft adapt --model openai/clip-vit-base-patch16 --data pets/ --method lora --shots 16 -o runs/pets\n"
          "graft adapt --config pets.yaml --method lora --rank 4 --lr 1e-4 -o runs/rank4\n"
          "graft adapt --model clip/ --data pets/ --method lora+vpt --lora.rank 4 -o runs/both\n"
          "graft adapt --resume runs/pets\n"
          "graft adapt --task detection --model resnet18/ --data boxes.json -o runs/boxes\n"
          "graft adapt --task next-token --model stories --data answers.jsonl -o runs/stories\n"
          "graft adapt --method lora --help      # with the options of lora",
          run,
          [] { return describe_options<engine::AdaptOptions>(); }};
}

}  // namespace graft::cli
