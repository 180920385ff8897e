#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/detection_scores.h"
#include "graft/cli/results.h"
#include "graft/cli/table.h"
#include "graft/core/error.h"
#include "graft/core/options.h"
#include "graft/detection/class_tree.h"
#include "graft/detection/evaluation.h"
#include "graft/detection/mistakes.h"
#include "graft/detection/openimages_evaluation.h"
#include "graft/detection/resampling.h"
#include "graft/detection/score_calibration.h"
#include "graft/detection/unknown_bounds.h"

namespace graft::cli {
namespace {

using detection::Evaluation;
using nlohmann::json;

struct DataEvaluateOptions {
  ScoringOptions scoring;
  std::string detections, hierarchy;
  bool by_class = false;
  bool mistakes = false;
  bool calibration = false;
};
template <class Visitor>
void fields(Visitor& visit, DataEvaluateOptions& o) {
  fields(visit, o.scoring);
  visit("detections", o.detections, "what a detector says: COCO's list of results");
  visit("hierarchy", o.hierarchy,
        "OpenImages' hierarchy of classes (.json), for --rules openimages: a labelled box is "
        "also one of the classes above its own");
  visit("by-class", o.by_class, "AP of each class too");
  visit("mistakes", o.mistakes, "kinds of mistakes and what each costs (TIDE), of boxes");
  visit("calibration", o.calibration, "whether scores are how often a detection is right");
}

// What was asked, once computed; the parts that were not asked for are absent.
struct Found {
  const DataEvaluateOptions& options;
  detection::Set set;
  detection::Detections detections;
  Evaluation evaluation;
  std::vector<Evaluation::Number> numbers;
  std::optional<std::pair<Interval, Interval>> intervals;  // of AP and AP50
  double bias = 0;                                         // of AP, for its few objects
  std::optional<double> plain;                             // AP without a look at what is unknown
  std::optional<detection::UnknownBounds> bounds;
  struct OfSource {
    std::string name;
    std::size_t images = 0;
    double precision = -1, first = -1;
  };
  std::vector<OfSource> sources;
  std::optional<detection::MistakeCosts> mistakes;
  std::optional<statistics::CalibrationError> calibration;
};

std::vector<Found::OfSource> by_source(const Found& found) {
  std::vector<Found::OfSource> sources;
  if (found.set.sources.size() < 2) return sources;
  for (detection::Index source = 0; source < found.set.sources.size(); ++source) {
    detection::EvaluationOptions options;
    options.threads = static_cast<int>(found.options.scoring.threads);
    for (const auto& image : found.set.images)
      options.in_use.push_back(image.source == source);
    const auto one = evaluate(found.set, found.detections, found.evaluation.rules, options);
    sources.push_back({found.set.sources[source].name,
                       static_cast<std::size_t>(std::ranges::count(options.in_use, true)), one.average_precision(),
                       one.average_precision(0, 0)});
  }
  return sources;
}

Found compute(const DataEvaluateOptions& options, Terminal& terminal) {
  const ScoringOptions& scoring = options.scoring;
  const auto rules = rules_of(scoring);
  if (options.mistakes && rules.compared != detection::Compared::boxes)
    throw ConfigError("data evaluate", "--mistakes looks at boxes: leave out --masks and --keypoints.");
  Found found{options, read_truth(scoring, rules, terminal), {}, {}, {}, {}, 0, {}, {}, {}, {}, {}};
  found.detections = read_answers(options.detections, found.set, terminal);
  terminal.line("set", fmt::format("{} images · {} classes · {} objects · {} detections", found.set.images.size(),
                                   found.set.categories.size(), found.set.annotations.size(),
                                   found.detections.detections.size()));
  const bool bounded = rules.unknown_ignored && found.set.federated();
  detection::EvaluationOptions how;
  how.threads = static_cast<int>(scoring.threads);
  how.keep_outcomes = scoring.resamples > 0 || options.mistakes || options.calibration || bounded;
  found.evaluation = evaluate(found.set, found.detections, rules, how);
  found.numbers = found.evaluation.numbers(found.set);
  if (scoring.resamples > 0 && found.numbers.front().value >= 0) {
    const auto draws = resample(found.evaluation, found.set.images.size(), static_cast<std::size_t>(scoring.resamples),
                                static_cast<std::uint64_t>(scoring.seed), how.threads);
    found.bias = detection::resampling_bias(draws.all, found.numbers[0].value);
    found.intervals = {detection::centred_interval(draws.all, found.numbers[0].value),
                       detection::centred_interval(draws.first, found.numbers[1].value)};
  }
  if (bounded) {
    auto plain = rules;
    plain.unknown_ignored = false;
    found.plain = evaluate(found.set, found.detections, plain, {how.threads, false, {}}).average_precision();
    found.bounds = unknown_bounds(found.set, found.detections, found.evaluation);
  }
  found.sources = by_source(found);
  if (options.mistakes) found.mistakes = mistake_costs(found.set, found.detections, found.evaluation);
  if (options.calibration) found.calibration = score_calibration(found.evaluation);
  return found;
}

// A table of names with `columns` numbers each, an empty line above it.
TextTable numbers(std::vector<std::string> heads, Terminal& terminal) {
  terminal.print("");
  std::vector<Align> columns(heads.size(), Align::right);
  columns.front() = Align::left;
  TextTable table(columns);
  table.row(std::move(heads));
  return table;
}

std::string names_of(const detection::Set& set, const std::vector<detection::Index>& classes) {
  std::string names;
  for (const auto one : classes)
    names += (names.empty() ? "" : ", ") + set.categories[one].name;
  return names;
}

void print_unknown(const Found& found, Terminal& terminal) {
  if (!found.bounds) return;
  const auto& bounds = *found.bounds;
  terminal.print("");
  terminal.print(fmt::format("AP without a look at what is unknown: {}", percent(*found.plain)));
  if (bounds.detections == 0) return;
  terminal.print(fmt::format(
      "{} detections in {} pairs of image and class are of classes nobody looked for there; AP50 is between {} and {} "
      "however they are judged",
      bounds.detections, bounds.pairs, percent(bounds.low), percent(bounds.high)));
  terminal.print("");
  TextTable table({Align::left, Align::right, Align::left});
  table.row({"image to check", "% of the width", "for"});
  for (const auto& one : bounds.images) {
    const auto& image = found.set.images[one.image];
    table.row({image.file.empty() ? fmt::format("{}", image.id) : image.file, fmt::format("{:.1f}", 100 * one.share),
               names_of(found.set, one.classes)});
  }
  print(table, terminal);
}

void print_parts(const Found& found, Terminal& terminal) {
  if (!found.sources.empty()) {
    auto table = numbers({"source", "images", "AP", "AP50"}, terminal);
    for (const auto& one : found.sources)
      table.row({one.name, fmt::format("{}", one.images), percent(one.precision), percent(one.first)});
    print(table, terminal);
  }
  if (found.mistakes) {
    auto table = numbers({"mistake", "count", "AP50 it costs"}, terminal);
    for (std::size_t k = 0; k < detection::kMistakes; ++k) {
      const auto& cost = found.mistakes->costs[k];
      table.row({std::string(name_of(static_cast<detection::Mistake>(k))), fmt::format("{}", cost.count),
                 fmt::format("{:.1f}", 100 * cost.gain)});
    }
    print(table, terminal);
  }
  if (found.calibration) {
    auto table = numbers({"mean score", "% right", "detections"}, terminal);
    for (const auto& bin : found.calibration->bins)
      table.row({fmt::format("{:.3f}", bin.confidence), percent(bin.accuracy), fmt::format("{}", bin.items)});
    print(table, terminal);
    terminal.print(fmt::format("calibration error {:.3f}; {:.3f} if every score were right", found.calibration->error,
                               found.calibration->expected_if_calibrated));
  }
  if (found.options.by_class) {
    auto table = numbers({"class", "AP", "AP50", "objects", "detections"}, terminal);
    const auto& evaluation = found.evaluation;
    for (std::size_t k = 0; k < evaluation.classes.size(); ++k)
      table.row({found.set.categories[evaluation.classes[k]].name, percent(evaluation.class_precision(k)),
                 percent(evaluation.class_precision(k, 0)), fmt::format("{}", evaluation.objects[k]),
                 fmt::format("{}", evaluation.answers[k])});
    print(table, terminal);
  }
}

void print(const Found& found, Terminal& terminal) {
  TextTable table({Align::left, Align::right, Align::left});
  table.row({found.evaluation.rules.name, "%", found.intervals ? "95 %, over images" : ""});
  for (std::size_t k = 0; k < found.numbers.size(); ++k) {
    const bool has = found.intervals && k < 2;
    table.row({found.numbers[k].name, percent(found.numbers[k].value),
               has ? percent(k == 0 ? found.intervals->first : found.intervals->second) : ""});
  }
  print(table, terminal);
  print_unknown(found, terminal);
  print_parts(found, terminal);
}

// -1 says that there is nothing of the kind.
json value(double number) {
  return number < 0 ? json() : json(number);
}

json describe(const Found& found) {
  json result = {{"rules", found.evaluation.rules.name}, {"numbers", json::object()}};
  for (const auto& number : found.numbers)
    result["numbers"][number.name] = value(number.value);
  if (found.intervals) result["bias"] = {{"AP", found.bias}};
  if (found.intervals)
    result["intervals"] = {{"AP", {found.intervals->first.low, found.intervals->first.high}},
                           {"AP50", {found.intervals->second.low, found.intervals->second.high}}};
  if (found.bounds) {
    result["plain_AP"] = value(*found.plain);
    result["unknown"] = {{"detections", found.bounds->detections},
                         {"pairs", found.bounds->pairs},
                         {"AP50_bounds", {value(found.bounds->low), value(found.bounds->high)}},
                         {"check", json::array()}};
    for (const auto& one : found.bounds->images) {
      json classes = json::array();
      for (const auto category : one.classes)
        classes.push_back(found.set.categories[category].name);
      result["unknown"]["check"].push_back(
          {{"image_id", found.set.images[one.image].id}, {"share", one.share}, {"classes", classes}});
    }
  }
  for (const auto& one : found.sources)
    result["sources"].push_back(
        {{"name", one.name}, {"images", one.images}, {"AP", value(one.precision)}, {"AP50", value(one.first)}});
  if (found.mistakes)
    for (std::size_t k = 0; k < detection::kMistakes; ++k)
      result["mistakes"][std::string(name_of(static_cast<detection::Mistake>(k)))] = {
          {"count", found.mistakes->costs[k].count}, {"cost", found.mistakes->costs[k].gain}};
  if (found.calibration)
    result["calibration"] = {{"error", found.calibration->error},
                             {"expected_if_calibrated", found.calibration->expected_if_calibrated}};
  if (found.options.by_class)
    for (std::size_t k = 0; k < found.evaluation.classes.size(); ++k)
      result["classes"].push_back({{"name", found.set.categories[found.evaluation.classes[k]].name},
                                   {"AP", value(found.evaluation.class_precision(k))},
                                   {"AP50", value(found.evaluation.class_precision(k, 0))},
                                   {"objects", found.evaluation.objects[k]},
                                   {"detections", found.evaluation.answers[k]}});
  return result;
}

int run_openimages(const DataEvaluateOptions& options, Terminal& terminal) {
  if (options.mistakes || options.calibration || options.scoring.aspects)
    throw ConfigError("data evaluate", "--rules openimages has no --mistakes, --calibration or --aspects.");
  const auto set = read_truth(options.scoring, rules_of(options.scoring), terminal);
  std::vector<std::vector<detection::Index>> ancestors;
  if (!options.hierarchy.empty()) {
    detection::ClassTree tree;
    tree.read(options.hierarchy);
    ancestors = detection::ancestors_in(tree, set);
  }
  const auto scores = evaluate_openimages(set, read_answers(options.detections, set, terminal), ancestors);
  if (terminal.json()) {
    json result = {{"rules", "openimages"}, {"numbers", {{"mAP", value(scores.mean)}}}};
    if (options.by_class)
      for (std::size_t k = 0; k < set.categories.size(); ++k)
        result["classes"].push_back(
            {{"name", set.categories[k].name}, {"AP", value(scores.precision[k])}, {"objects", scores.objects[k]}});
    terminal.print(dump(with_notes(std::move(result), terminal)));
    return 0;
  }
  terminal.print("openimages  %");
  terminal.print("mAP         " + percent(scores.mean));
  if (!options.by_class) return 0;
  auto table = numbers({"class", "AP", "objects"}, terminal);
  for (std::size_t k = 0; k < set.categories.size(); ++k)
    table.row({set.categories[k].name, percent(scores.precision[k]), fmt::format("{}", scores.objects[k])});
  print(table, terminal);
  return 0;
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<DataEvaluateOptions>();
  if (!arguments.parse(terminal)) return 0;
  arguments.require("ground-truth", "the labelled set");
  arguments.require("detections", "what a detector says of it");
  const auto options = arguments.get<DataEvaluateOptions>();
  if (options.scoring.rules == Rules::openimages) return run_openimages(options, terminal);
  if (!options.hierarchy.empty()) throw ConfigError("data evaluate", "--hierarchy goes with --rules openimages alone.");
  const auto found = compute(options, terminal);
  if (terminal.json())
    terminal.print(dump(with_notes(describe(found), terminal)));
  else
    print(found, terminal);
  return 0;
}

}  // namespace

Command data_evaluate_command() {
  return {"data evaluate",
          "Score a detector's boxes, masks or points: COCO's and LVIS's numbers, and those of merged sets.",
          "--ground-truth FILE --detections FILE",
          "graft data evaluate --ground-truth instances.json --detections results.json\n"
          "graft data evaluate --ground-truth merged.json --detections results.json --federated --by-class\n"
          "graft data evaluate --ground-truth lvis_v1_val.json --detections results.json --rules lvis --masks\n"
          "graft data evaluate --ground-truth instances.json --detections results.json --mistakes --calibration",
          run,
          [] { return describe_options<DataEvaluateOptions>(); }};
}

}  // namespace graft::cli
