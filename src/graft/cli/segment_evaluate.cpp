#include "graft/pipelines/segment_evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/results.h"
#include "graft/cli/segmentation_report.h"
#include "graft/cli/table.h"
#include "graft/core/error.h"
#include "graft/core/options.h"

namespace graft::cli {
namespace {

std::string share(double value) {
  return std::isfinite(value) ? fmt::format("{:.1f} %", 100 * value) : "-";
}

std::string range(const Interval& interval) {
  return fmt::format("{:.1f} to {:.1f}", 100 * interval.low, 100 * interval.high);
}

// Matched by name nothing is learnt of the truth, and there is no half to learn it from.
bool has_halves(const pipelines::MatchedClusters& matched) {
  return !matched.halves.iou.empty();
}

std::string clusters_of(const pipelines::MatchedClusters& matched, int64_t of_class) {
  std::string text;
  for (size_t k = 0; k < matched.class_of.size(); ++k)
    if (matched.class_of[k] == of_class) text += fmt::format("{}{}", text.empty() ? "" : ", ", k);
  return text.empty() ? "none" : text;
}

// The first column to the left, `rest` others to the right.
std::vector<Align> numbers_beside_names(size_t rest) {
  std::vector<Align> columns(1 + rest, Align::right);
  columns.front() = Align::left;
  return columns;
}

void print(const pipelines::SegmentEvaluation& found, Terminal& terminal) {
  const auto& best = found.matched.front();
  const bool edges = !best.edge_iou.empty();
  TextTable table(numbers_beside_names(edges ? 7 : 6));
  std::vector<std::string> heads = {"matched",           "mIoU", "95 %", "accuracy", "95 %", "mIoU by halves",
                                    "accuracy by halves"};
  if (edges) heads.emplace_back("mIoU of edges");
  table.row(heads);
  for (const auto& each : found.matched) {
    std::vector<std::string> cells = {each.matching,
                                      share(each.scores.miou),
                                      range(each.intervals[0]),
                                      share(each.scores.accuracy),
                                      range(each.intervals[1]),
                                      has_halves(each) ? share(each.halves.miou) : "",
                                      has_halves(each) ? share(each.halves.accuracy) : ""};
    if (edges) cells.push_back(share(each.edge_miou));
    table.row(cells);
  }
  print(table, terminal);
  terminal.print("");
  auto columns = numbers_beside_names(edges ? 4 : 3);
  columns.back() = Align::left;
  TextTable classes(columns);
  heads = {"class", "IoU", "pixels", "number, " + best.matching};
  if (edges) heads.insert(heads.begin() + 2, "of edges");
  classes.row(heads);
  for (size_t c = 0; c < found.classes.size(); ++c) {
    std::vector<std::string> cells = {found.classes[c], share(best.scores.iou[c]),
                                      fmt::format("{}", best.scores.truth[c]),
                                      clusters_of(best, static_cast<int64_t>(c))};
    if (edges) cells.insert(cells.begin() + 2, share(best.edge_iou[c]));
    classes.row(cells);
  }
  print(classes, terminal);
}

nlohmann::json describe(const pipelines::MatchedClusters& matched, const std::vector<std::string>& classes) {
  auto per_class = nlohmann::json::array();
  for (size_t c = 0; c < classes.size(); ++c) {
    per_class.push_back({{"class", classes[c]},
                         {"iou", finite_number(matched.scores.iou[c])},
                         {"count", matched.scores.truth[c]},
                         {"correct", matched.scores.correct[c]}});
    if (!matched.edge_iou.empty()) per_class.back()["edge_iou"] = finite_number(matched.edge_iou[c]);
  }
  auto class_of = nlohmann::json::array();
  for (const auto place : matched.class_of)
    class_of.push_back(place < 0 ? nlohmann::json() : nlohmann::json(classes[static_cast<size_t>(place)]));
  nlohmann::json json = {{"miou", finite_number(matched.scores.miou)},
                         {"miou_interval", {matched.intervals[0].low, matched.intervals[0].high}},
                         {"accuracy", finite_number(matched.scores.accuracy)},
                         {"accuracy_interval", {matched.intervals[1].low, matched.intervals[1].high}},
                         {"class_of_cluster", class_of},
                         {"classes", per_class}};
  if (!matched.edge_iou.empty()) json["edge_miou"] = finite_number(matched.edge_miou);
  if (has_halves(matched))
    json["by_halves"] = {{"miou", finite_number(matched.halves.miou)},
                         {"accuracy", finite_number(matched.halves.accuracy)}};
  return json;
}

// The page, with the scores of the masks of earlier stages beside those that are asked for.
void write_page(const pipelines::SegmentEvaluateOptions& options, const pipelines::SegmentEvaluation& found,
                const std::string& command, Terminal& terminal) {
  SegmentationStory story{.title = "graft segment evaluate",
                          .command = command,
                          .folder = options.folder,
                          .scored = &found,
                          .truth = options.masks,
                          .stages = {}};
  for (const auto& [name, folder] : mask_stages_of(options.folder)) {
    auto of_stage = options;
    of_stage.folder = folder.string();
    of_stage.edges = false;
    Silent quiet;
    try {
      const auto scored = pipelines::evaluate_segments(of_stage, quiet);
      const auto& matched = scored.matched.front();
      story.stages.push_back({name, matched.scores.miou, matched.intervals[0]});
    } catch (const DataError& none) {  // the truth is of other photos
      terminal.note({fmt::format("{} is not scored: {}", name, none.what()), /*numbers=*/false});
    }
  }
  write_segmentation_report(options.html, story);
  terminal.line("report", options.html);
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::SegmentEvaluateOptions>();
  arguments.take_positional("folder", "folder of masks to score, or one with masks/ in it");
  if (!arguments.parse(terminal)) return 0;
  arguments.require("folder", "the masks to score");
  arguments.require("masks", "the true masks");
  const auto options = arguments.get<pipelines::SegmentEvaluateOptions>();
  const auto found = pipelines::evaluate_segments(options, terminal);
  if (found.missing > 0) {
    terminal.note(
        {fmt::format("{} of {} photos have no mask to score and count as background", found.missing, found.photos)});
  }
  if (found.beside > 0) terminal.note({fmt::format("{} masks have no truth beside them and are left", found.beside)});
  if (!options.html.empty()) write_page(options, found, arguments.command_line(), terminal);
  if (terminal.json()) {
    nlohmann::json json = {{"photos", found.photos}, {"clusters", found.clusters}, {"missing", found.missing}};
    for (const auto& each : found.matched) {
      auto name = each.matching;
      std::ranges::replace(name, '-', '_');
      json[name] = describe(each, found.classes);
    }
    terminal.print(dump(with_notes(std::move(json), terminal)));
  } else {
    terminal.line("photos",
                  fmt::format("{} · {} clusters · {} classes", found.photos, found.clusters, found.classes.size()));
    print(found, terminal);
  }
  return 0;
}

}  // namespace

Command segment_evaluate_command() {
  return {"segment evaluate",
          "Score masks of clusters against true masks.",
          "DIR --masks TRUTH",
          "graft segment evaluate seg/ --masks truth/\n"
          "graft segment evaluate runs/seg --masks truth/ --html page.html\n"
          "graft segment evaluate seg/ --masks truth/ --classes sky,tree,road --json",
          run,
          [] { return describe_options<pipelines::SegmentEvaluateOptions>(); }};
}

}  // namespace graft::cli
