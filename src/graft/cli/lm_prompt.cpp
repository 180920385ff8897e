#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/cli/table.h"
#include "graft/core/error.h"
#include "graft/core/quantities.h"
#include "graft/pipelines/language/decoder_model.h"
#include "graft/pipelines/language/prompt.h"

namespace graft::cli {
namespace {

using pipelines::language::DecoderModel;
using pipelines::language::ModelChoice;
using pipelines::language::PromptDataOptions;
using prompting::EvaluationOptions;

bool is_share(const std::string& metric) {
  return metric.starts_with("acc") || metric == "exact_match";
}
std::string shown(const std::string& metric, double value) {
  return is_share(metric) ? fmt::format("{:.1f}", 100 * value) : fmt::format("{:.4g}", value);
}
std::string name_of(const std::string& metric, const std::string& filter) {
  return filter.empty() || filter == "none" ? metric : metric + ", " + filter;
}

void print_settings(const std::vector<prompting::SettingResult>& results, Terminal& terminal) {
  using enum Align;
  TextTable table({right, right, right, left, right, right, left, right, left});
  table.row({"examples", "draw", "order", "metric", "value", "se", "95 %", "n", ""});
  for (const auto& result : results) {
    for (const auto& score : result.scores) {
      const auto invalid = result.invalid.find(score.filter);
      const auto number = [](int64_t one) { return std::to_string(one); };
      table.row(
          {number(result.setting.examples), number(result.setting.draw), number(result.setting.order),
           name_of(score.metric, score.filter), shown(score.metric, score.value),
           shown(score.metric, score.standard_error),
           fmt::format("{} to {}", shown(score.metric, score.interval.low), shown(score.metric, score.interval.high)),
           number(score.count),
           invalid == result.invalid.end()
               ? ""
               : fmt::format("{} of {} responses without an answer", invalid->second, result.responses)});
    }
  }
  print(table, terminal);
}

void print_curve(const std::vector<prompting::CurvePoint>& curve, Terminal& terminal) {
  using enum Align;
  TextTable table({right, left, right, right, left, right});
  table.row({"examples", "metric", "mean", "sd", "range", "settings"});
  for (const auto& point : curve)
    table.row({std::to_string(point.examples), name_of(point.metric, point.filter), shown(point.metric, point.mean),
               shown(point.metric, point.deviation),
               fmt::format("{} to {}", shown(point.metric, point.low), shown(point.metric, point.high)),
               std::to_string(point.settings)});
  terminal.print("");
  print(table, terminal);
}

nlohmann::json to_json(const prompting::SettingResult& result) {
  nlohmann::json one = {
      {"examples", result.setting.examples}, {"draw", result.setting.draw}, {"order", result.setting.order}};
  for (const auto& score : result.scores)
    one["scores"].push_back({{"metric", score.metric},
                             {"filter", score.filter},
                             {"value", finite_number(score.value)},
                             {"standard_error", finite_number(score.standard_error)},
                             {"interval", {finite_number(score.interval.low), finite_number(score.interval.high)}},
                             {"n", score.count}});
  for (const auto& [filter, count] : result.invalid)
    one["invalid"][filter] = count;
  if (result.responses > 0) one["responses"] = result.responses;
  return one;
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<ModelChoice>("the model");
  arguments.add<PromptDataOptions>("what is asked");
  arguments.add<EvaluationOptions>("how it is asked");
  if (!arguments.parse(terminal)) return 0;
  if (!arguments.was_given("adapter")) arguments.require("model", "a language model: a folder, a file, or org/name");
  arguments.require("data", "a table of items, or a folder with a table for each split");
  const auto options = arguments.get<PromptDataOptions>();
  const auto evaluation = arguments.get<EvaluationOptions>();
  const pipelines::language::AskedTask asked(options, evaluation);
  const auto& question = asked.question();
  check(question, evaluation);
  auto model = DecoderModel::open(arguments.get<ModelChoice>(), host_of(arguments), terminal);
  terminal.line("task", fmt::format("{} · {} items · {} to draw examples from", question.task.name,
                                    question.items.size(), question.pool.size()));
  const auto results = prompting::evaluate(question, evaluation, model, terminal);
  if (!options.output.empty())
    pipelines::language::write_prompt_results(options.output, question.task, evaluation, results);
  if (terminal.json()) {
    for (const auto& result : results)
      terminal.print(dump(to_json(result)));
  } else {
    print_settings(results, terminal);
    const auto curve = prompting::curve_of(results);
    if (curve.size() < results.size()) print_curve(curve, terminal);
    terminal.line("tokens", fmt::format("{} read", format_count(model.tokens_read())));
  }
  if (!options.output.empty()) terminal.line("answers", options.output);
  return 0;
}

}  // namespace

Command lm_prompt_command() {
  return {"lm prompt",
          "Ask a language model the questions of a data set, with examples and chains of thought.",
          "--model M --data ITEMS --template TASK.yaml",
          "graft lm prompt --model stories --data kinds.csv --template kinds.yaml --examples 0,2\n"
          "graft lm prompt --model org/name --data kinds.csv --template kinds.yaml --examples 16 --select nearest "
          "--calibrate\n"
          "graft lm prompt --model org/name --data sums.jsonl --template sums.yaml --strategy cot --self-consistency 8",
          run,
          [] {
            auto options = describe_options<ModelChoice>();
            for (auto& info : describe_options<PromptDataOptions>())
              options.push_back(std::move(info));
            for (auto& info : describe_options<EvaluationOptions>())
              options.push_back(std::move(info));
            return options;
          }};
}

}  // namespace graft::cli
