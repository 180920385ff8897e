#include "graft/pipelines/segment_train.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/cli/adapt_options.h"
#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/cli/run_report.h"
#include "graft/cli/segmentation_report.h"
#include "graft/core/printable.h"

namespace graft::cli {
namespace {

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::RoundOptions>();
  arguments.take_positional("data", "folder of photos with masks, as segment discover writes it");
  const auto request = read_adapt_arguments(arguments, terminal);
  if (!request) return 0;
  const auto [folder, rounds] =
      pipelines::train_segments(request->options, request->method_options, arguments.get<pipelines::RoundOptions>(),
                                host_of(arguments), terminal);
  const auto& last = rounds.back();
  if (last.stopped_by != 0) return 128 + last.stopped_by;
  auto all = nlohmann::json::array();
  for (const auto& round : rounds) {
    write_run_report(round, round.command);
    all.push_back({{"folder", round.folder.string()},
                   {"steps", round.steps},
                   {"seconds", round.seconds},
                   {"of_its_masks", to_json(round.test, round.test_predictions, round.classes)}});
  }
  const auto page = folder / "report.html";
  write_segmentation_report(page,
                            {.title = "graft segment train", .command = arguments.command_line(), .folder = folder});
  terminal.line("report", page.string());
  terminal.line("next", fmt::format("graft segment predict {} PHOTO ... -o MASKS", shell_path(folder.string())));
  if (terminal.json()) terminal.print(dump(with_notes({{"rounds", all}}, terminal)));
  return 0;
}

}  // namespace

Command segment_train_command() {
  return {"segment train",
          "Train a segmenter on masks that were discovered.",
          "SEG --model M --method NAME",
          "graft segment train seg/ --model facebook/dinov2-small --method linear-probe -o runs/seg\n"
          "graft segment train seg/ --model resnet50/ --decoder deeplabv3 --method full --batch-statistics --rounds 2 "
          "-o runs/seg",
          run,
          [] {
            auto options = describe_options<pipelines::RoundOptions>();
            for (const auto& info : describe_options<engine::AdaptOptions>())
              options.push_back(info);
            return options;
          }};
}

}  // namespace graft::cli
