#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/detection_scores.h"
#include "graft/cli/results.h"
#include "graft/cli/table.h"
#include "graft/core/error.h"
#include "graft/core/options.h"
#include "graft/detection/evaluation.h"
#include "graft/detection/resampling.h"

namespace graft::cli {
namespace {

using nlohmann::json;

struct Side {
  std::string file;
  std::vector<detection::Evaluation::Number> numbers;
  detection::Resampled draws;
};

Side score(const std::string& file, const detection::Set& set, const detection::EvaluationRules& rules,
           const ScoringOptions& options, Terminal& terminal) {
  const auto detections = read_answers(file, set, terminal);
  const auto evaluation = evaluate(set, detections, rules, {static_cast<int>(options.threads), true, {}});
  Side side{file, evaluation.numbers(set), {}};
  if (side.numbers.front().value < 0)
    throw DataError("data compare", "{}: no class has an object to be found.", options.ground_truth);
  side.draws = resample(evaluation, set.images.size(), static_cast<std::size_t>(options.resamples),
                        static_cast<std::uint64_t>(options.seed), static_cast<int>(options.threads));
  return side;
}

struct Difference {
  std::string name;
  double first = 0, second = 0;
  Interval interval;
  double share_above = 0;  // of the draws in which the second is better
};

Difference difference(const std::string& name, double first, double second, const std::vector<double>& of_first,
                      const std::vector<double>& of_second) {
  std::vector<double> draws(of_first.size());
  for (std::size_t k = 0; k < draws.size(); ++k)
    draws[k] = of_second[k] - of_first[k];
  const double bias = detection::resampling_bias(draws, second - first);
  const auto above = std::ranges::count_if(draws, [&](double one) { return one - bias > 0; });
  return {name, first, second, detection::centred_interval(draws, second - first),
          static_cast<double>(above) / static_cast<double>(draws.size())};
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<ScoringOptions>();
  arguments.take_positional("ground-truth", "the labelled set");
  arguments.take_positional("detections", "what two detectors say of it, a file each", true);
  if (!arguments.parse(terminal)) return 0;
  arguments.require("ground-truth", "the labelled set");
  const auto options = arguments.get<ScoringOptions>();
  const auto& files = arguments.positionals();
  if (files.size() != 2)
    throw UsageError("data compare",
                     "expected two files of results, got {}. usage: graft data compare TRUTH FIRST "
                     "SECOND",
                     files.size());
  if (options.resamples < 1)
    throw ConfigError("data compare", "--resamples {}: a comparison needs draws, expected 1 or more.",
                      options.resamples);
  if (options.rules == Rules::openimages)
    throw ConfigError("data compare", "--rules openimages has no intervals: expected coco or lvis.");
  const auto rules = rules_of(options);
  const auto set = read_truth(options, rules, terminal);
  const Side first = score(files[0], set, rules, options, terminal);
  const Side second = score(files[1], set, rules, options, terminal);
  const std::vector<Difference> differences = {
      difference("AP", first.numbers[0].value, second.numbers[0].value, first.draws.all, second.draws.all),
      difference("AP50", first.numbers[1].value, second.numbers[1].value, first.draws.first, second.draws.first)};
  if (terminal.json()) {
    json result = {{"rules", rules.name}, {"first", first.file}, {"second", second.file}};
    for (const auto& one : differences)
      result["differences"][one.name] = {{"first", one.first},
                                         {"second", one.second},
                                         {"difference", one.second - one.first},
                                         {"interval", {one.interval.low, one.interval.high}},
                                         {"share_of_draws_above_0", one.share_above}};
    for (std::size_t k = 0; k < first.numbers.size(); ++k)
      result["numbers"][first.numbers[k].name] = {first.numbers[k].value, second.numbers[k].value};
    terminal.print(dump(with_notes(std::move(result), terminal)));
    return 0;
  }
  TextTable table({Align::left, Align::right, Align::right, Align::right, Align::left, Align::right});
  table.row({rules.name, "first", "second", "difference", "95 %, paired over images", "draws above 0"});
  for (std::size_t k = 0; k < first.numbers.size(); ++k) {
    const double a = first.numbers[k].value, b = second.numbers[k].value;
    std::vector<std::string> cells = {first.numbers[k].name,
                                      percent(a),
                                      percent(b),
                                      a < 0 || b < 0 ? "-" : fmt::format("{:+.1f}", 100 * (b - a)),
                                      "",
                                      ""};
    if (k < differences.size()) {
      cells[4] =
          fmt::format("{:+.1f} to {:+.1f}", 100 * differences[k].interval.low, 100 * differences[k].interval.high);
      cells[5] = fmt::format("{:.1f} %", 100 * differences[k].share_above);
    }
    table.row(cells);
  }
  print(table, terminal);
  return 0;
}

}  // namespace

Command data_compare_command() {
  return {"data compare",
          "Compare two detectors on one labelled set, image by image.",
          "TRUTH FIRST SECOND",
          "graft data compare instances.json first.json second.json\n"
          "graft data compare merged.json first.json second.json --federated",
          run,
          [] { return describe_options<ScoringOptions>(); }};
}

}  // namespace graft::cli
