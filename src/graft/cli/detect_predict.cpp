#include "graft/pipelines/detect_predict.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/detect.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/cli/table.h"

namespace graft::cli {
namespace {

nlohmann::json as_json(const pipelines::DetectPredictResult& found) {
  auto photos = nlohmann::json::array();
  for (const auto& image : found.set.images)
    photos.push_back({{"file", image.file}, {"boxes", nlohmann::json::array()}});
  for (const auto& each : found.detections.detections) {
    photos[each.image]["boxes"].push_back({{"class", found.set.categories[each.category].name},
                                           {"score", each.score},
                                           {"bbox", {each.box.x, each.box.y, each.box.width, each.box.height}}});
  }
  nlohmann::json json{{"photos", photos}};
  if (found.scores) {
    for (const auto& score : found.scores->all)
      json[score.name] = finite_number(score.value);
  }
  return json;
}

int run(Arguments& arguments, Terminal& terminal) {
  return tell_boxes(arguments, terminal, DetectorStands::as_option);
}

}  // namespace

int tell_boxes(Arguments& arguments, Terminal& terminal, DetectorStands model) {
  arguments.add<pipelines::DetectPredictOptions>();
  if (model == DetectorStands::first) {
    arguments.take_positional("model", "run folder of a detector");
    arguments.add_group({"", {}, {{"run", "model"}}});
  }
  arguments.take_positional("files", "photos, or folders of them", true);
  if (!arguments.parse(terminal)) return 0;
  arguments.require("model", "a detector");
  auto options = arguments.get<pipelines::DetectPredictOptions>();
  options.files = arguments.positionals();
  const auto found = pipelines::detect_predict(options, host_of(arguments), terminal);
  if (terminal.json()) {
    terminal.print(dump(with_notes(as_json(found), terminal)));
    return 0;
  }
  TextTable table({Align::left, Align::left, Align::right, Align::left});
  table.row({"photo", "class", "score", "x, y, width, height"});
  for (const auto& each : found.detections.detections)
    table.row({found.set.images[each.image].file, found.set.categories[each.category].name,
               fmt::format("{:.3f}", each.score),
               fmt::format("{:.1f}, {:.1f}, {:.1f}, {:.1f}", each.box.x, each.box.y, each.box.width, each.box.height)});
  print(table, terminal);
  return 0;
}

Command detect_predict_command() {
  return {"detect predict",
          "Boxes that a detector tells of photos, as COCO's results and drawn.",
          "--model RUN PHOTO ...",
          "graft detect predict --model detector.safetensors holiday/*.jpg -o found/\n"
          "graft detect predict --model detector.safetensors --data boxes.json --score 0.05 --json | jq .ap50",
          run,
          [] { return describe_options<pipelines::DetectPredictOptions>(); }};
}

}  // namespace graft::cli
