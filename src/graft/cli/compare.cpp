#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/cli/run_report.h"
#include "graft/cli/table.h"
#include "graft/cli/thumbnail.h"
#include "graft/cli/worker_processes.h"
#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/core/quantities.h"
#include "graft/core/signals.h"
#include "graft/data/table.h"
#include "graft/pipelines/plan_run.h"
#include "graft/study/exports.h"
#include "graft/study/foreign_predictions.h"
#include "graft/study/outcome.h"
#include "graft/study/runner.h"
#include "graft/study/study_page.h"

namespace graft::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kShownComparisons = 15;  // on the terminal; the report has all

struct CompareOptions {
  std::string study;
  std::vector<std::string> predictions;
  std::string output;
  int64_t jobs = 1;
  std::string shard = "1/1";
  std::vector<std::string> merge;
  bool dry_run = false;
  bool only_runs = false;
  bool this_build = false;
};
template <class Visitor>
void fields(Visitor& visit, CompareOptions& o) {
  visit("study", o.study, "the study's YAML file");
  visit("predictions", o.predictions,
        "compare what others predicted, in place of a study: tables of test examples with label and prediction, one "
        "file a run (all files named are meant)");
  visit("output", o.output,
        "folder of the study's runs and report (default: the file's name without .yaml; of predictions none)");
  visit("jobs", o.jobs, "processes that run at once on this machine");
  visit("shard", o.shard, "the part of the runs that this machine takes, as 3/16");
  visit("merge", o.merge, "folders of the same study from other machines: their runs are taken over");
  visit("dry-run", o.dry_run, "say what there is to run, with memory and time, and write nothing");
  visit("this-build", o.this_build,
        "run again what another build or machine has computed; without, it is used and told");
  visit("only-runs", o.only_runs, "run what is missing, and write no report: for one of several machines");
}

std::string counted(size_t count, const char* one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

void say_study(const study::Spec& spec, const study::Runner& runner, const study::Shard& shard, Terminal& terminal) {
  const auto left = runner.missing();
  std::string text = fmt::format(
      "{} · {} x {} x {} x {}", spec.name, counted(spec.methods.size(), "method"),
      spec.models.size() > 1 ? counted(spec.models.size(), "model") + " x " + counted(spec.data.size(), "data set")
                             : counted(spec.data.size(), "data set"),
      spec.shots.size() > 1 ? fmt::format("{} shots", spec.shots.size())
      : spec.shots[0] == 0  ? std::string("all labels")
                            : fmt::format("{} shots a class", spec.shots[0]),
      counted(spec.seeds.size(), "seed"));
  text += fmt::format(" = {:L} runs · {:L} done, {:L} to do", runner.runs().size(), runner.runs().size() - left.size(),
                      left.size());
  if (shard.of > 1) text += fmt::format(" · this machine takes part {} of {}", shard.number, shard.of);
  if (const double seconds = runner.seconds_left(left); !left.empty() && std::isfinite(seconds))
    text += ", about " + format_duration(seconds);
  terminal.line("study", text);
}

int dry_run(const study::Runner& runner, const engine::Host& host, Terminal& terminal) {
  TextTable table({Align::left, Align::left, Align::right, Align::right, Align::right, Align::right});
  table.row({"method", "data", "shots", "runs", "memory", "time"});
  std::map<std::tuple<std::string, std::string, std::string, int64_t>, std::pair<const study::PlannedRun*, int64_t>>
      kinds;
  for (const auto* run : runner.missing()) {
    auto& kind = kinds[{run->cell.method, run->cell.model, run->cell.data, run->cell.shots}];
    kind.first = run;
    ++kind.second;
  }
  double all = 0;
  int64_t most = 0;
  Silent silent;
  for (const auto& [key, kind] : kinds) {
    const auto& cell = kind.first->cell;
    std::string memory = "-", time = "-";
    if (cell.seed != 0) {
      const auto request = engine::read_adapt_request(kind.first->options);
      const auto plan = pipelines::plan_run(request.options, request.method_options, host, silent);
      const double seconds = plan.pace.seconds() * static_cast<double>(kind.second);
      memory = format_bytes(plan.choice.plan.bytes());
      time = format_duration(seconds);
      all += seconds;
      most = std::max(most, plan.choice.plan.bytes());
    }
    table.row({cell.method, cell.data, cell.seed == 0 ? "" : std::to_string(cell.shots), std::to_string(kind.second),
               memory, time});
  }
  for (const auto& line : table.lines())
    terminal.print("  " + line);
  terminal.line("plan", fmt::format("about {} at most at once, {} one after another; nothing was run",
                                    format_bytes(most), format_duration(all)));
  return 0;
}

std::string cell_text(const study::TableCell& cell, bool percent) {
  if (cell.values.empty()) return cell.failed > 0 ? "failed" : "-";
  const double scale = percent ? 100 : 1;
  std::string text = fmt::format("{:.{}f}", scale * cell.summary.mean, percent ? 1 : 3);
  if (cell.values.size() > 1 && std::isfinite(cell.summary.interval.high))
    text += fmt::format(" ±{:.{}f}", scale * (cell.summary.interval.high - cell.summary.mean), percent ? 1 : 3);
  if (cell.missing + cell.failed > 0)
    text += fmt::format(" ({} of {})", cell.values.size(),
                        static_cast<int64_t>(cell.values.size()) + cell.missing + cell.failed);
  return text;
}

void print_outcome(const study::StudyOutcome& outcome, Terminal& terminal) {
  for (const auto& table : outcome.tables) {
    std::vector<Align> columns{Align::left, Align::right};
    std::vector<std::string> head{
        table.shots > 0 ? fmt::format("{} {}", table.shots, table.shots == 1 ? "shot" : "shots") : "all labels",
        "trained"};
    for (const auto& column : table.columns) {
      columns.push_back(Align::right);
      head.push_back(column);
    }
    const bool several = table.columns.size() > 1;
    columns.insert(columns.end(), {Align::right, Align::right});
    if (several) head.insert(head.end(), {"mean", "mean rank"});
    if (outcome.foreign) {
      columns.erase(columns.begin() + 1);
      head.erase(head.begin() + 1);
      head.front() = "method";
    }
    TextTable text(columns);
    text.row(head);
    for (const auto& row : table.rows) {
      std::vector<std::string> cells{row.method};
      if (!outcome.foreign) cells.push_back(row.trained > 0 ? format_count(row.trained) : "0");
      for (const auto& cell : row.cells)
        cells.push_back(cell_text(cell, outcome.percent));
      if (several) {
        cells.push_back(
            row.mean ? fmt::format("{:.{}f}", (outcome.percent ? 100 : 1) * *row.mean, outcome.percent ? 1 : 3) : "-");
        cells.push_back(row.mean_rank ? fmt::format("{:.1f}", *row.mean_rank) : "-");
      }
      text.row(std::move(cells));
    }
    terminal.print("");
    for (const auto& line : text.lines())
      terminal.print("  " + line);
  }
  terminal.print("");
  const auto comparisons = static_cast<int64_t>(outcome.comparisons.size());
  size_t shown = 0;
  for (const auto& comparison : outcome.comparisons) {
    if (++shown > kShownComparisons) {
      terminal.print(
          fmt::format("  {} more comparisons are in the report", outcome.comparisons.size() - kShownComparisons));
      break;
    }
    const auto lines = study::sentences(comparison, outcome.verdict_options, comparisons, outcome.seconds_a_pair);
    for (size_t i = 0; i < lines.size(); ++i)
      terminal.print(fmt::format("  {:<14} {}", i == 0 ? study::label_of(comparison) : "", lines[i]));
  }
  for (const auto& rung : outcome.ladder)
    terminal.print(fmt::format("  {:<14} {}", "ladder", study::print(rung)));
  for (const auto& [run, error] : outcome.failures)
    terminal.print(fmt::format("  {:<14} {}: {}", "failed", run, error));
  if (outcome.there < outcome.runs && outcome.decided) {
    terminal.print(fmt::format("  {:<14} {:L} of {:L} runs were enough", "decided", outcome.there, outcome.runs));
  } else if (outcome.there < outcome.runs)
    terminal.print(fmt::format("  {:<14} {:L} of {:L} runs are there", "unfinished", outcome.there, outcome.runs));
  if (outcome.machines.size() > 1)
    terminal.print(fmt::format("  {:<14} runs of {} builds or machines: {}", "mixed", outcome.machines.size(),
                               fmt::join(outcome.machines, "; ")));
}

nlohmann::json describe(const study::StudyOutcome& outcome) {
  nlohmann::json json = {
      {"study", outcome.name}, {"metric", outcome.metric}, {"runs", outcome.runs}, {"there", outcome.there}};
  for (const auto& table : outcome.tables) {
    for (const auto& row : table.rows) {
      for (size_t c = 0; c < row.cells.size(); ++c) {
        json["table"].push_back({{"method", row.method},
                                 {"data", table.columns[c]},
                                 {"values", row.cells[c].values},
                                 {"mean", row.cells[c].summary.mean}});
        if (outcome.foreign) continue;
        json["table"].back()["shots"] = table.shots;
        json["table"].back()["trained_parameters"] = row.trained;
      }
    }
  }
  for (const auto& c : outcome.comparisons) {
    nlohmann::json one = {{"first", c.first},   {"second", c.second}, {"verdict", study::label_of(c)},
                          {"points", c.points}, {"pairs", c.pairs},   {"p", c.p},
                          {"p_holm", c.p_holm}, {"e", c.e},           {"needed_pairs", c.needed_pairs}};
    if (c.by_items) one["only_first"] = c.only_first, one["only_second"] = c.only_second;
    if (c.on_this_test_set) one["on_this_test_set"] = {c.on_this_test_set->low, c.on_this_test_set->high};
    if (c.on_this_kind) one["on_this_kind_of_data"] = {c.on_this_kind->low, c.on_this_kind->high};
    json["comparisons"].push_back(std::move(one));
  }
  return json;
}

void print_result(const study::StudyOutcome& outcome, Terminal& terminal) {
  if (terminal.json()) {
    terminal.print(dump(with_notes(describe(outcome), terminal)));
  } else {
    print_outcome(outcome, terminal);
  }
}

void write_report(const study::StudyOutcome& outcome, const fs::path& folder, const Arguments& arguments,
                  const study::PictureOf& picture = {}) {
  const std::string page = study::to_html(
      outcome, {.command = arguments.command_line(), .environment = describe_environment(), .picture = picture});
  study::write_exports(outcome, page, folder);
}

// Options of the one kind of comparison are none of the other.
void refuse_given(const Arguments& arguments, const std::vector<std::string>& names, std::string_view why) {
  for (const auto& name : names) {
    if (arguments.was_given(name)) throw UsageError("compare", "--{}: {}", name, why);
  }
}

int compare_predictions(const Arguments& arguments, const CompareOptions& options, Terminal& terminal) {
  refuse_given(arguments, {"jobs", "shard", "merge", "dry-run", "only-runs", "this-build"},
               "with --predictions there is nothing to run.");
  std::vector<fs::path> files(options.predictions.begin(), options.predictions.end());
  const auto typed = arguments.pick(describe_options<CompareOptions>()).at("predictions");
  if (fs::exists(typed)) files = {typed};  // a comma of its own
  if (!options.study.empty()) files.emplace_back(options.study);
  files.insert(files.end(), arguments.positionals().begin(), arguments.positionals().end());
  const auto predictions = study::read_foreign_predictions(files, arguments.get<study::ForeignQuestion>());
  terminal.line("predictions", predictions.said);
  for (const auto& note : predictions.notes)
    terminal.note(note);
  const auto outcome = study::outcome_of(predictions);
  if (!options.output.empty()) {
    study::prepare_foreign_output(options.output);
    write_report(outcome, options.output, arguments);
  }
  print_result(outcome, terminal);
  if (!options.output.empty()) terminal.line("report", (fs::path(options.output) / "report.html").string());
  return 0;
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<CompareOptions>();
  arguments.add<study::ForeignQuestion>("with --predictions");
  arguments.take_positional("study", "the study's YAML file");
  arguments.take_positional("files", "with --predictions: more files of predictions", true);
  if (!arguments.parse(terminal)) return 0;
  const auto options = arguments.get<CompareOptions>();
  if (!options.predictions.empty()) return compare_predictions(arguments, options, terminal);
  arguments.require("study", "a YAML file: methods, models, data sets, shots and seeds");
  if (!arguments.positionals().empty() || data::table_kind(options.study))
    throw UsageError("compare",
                     "expected one study, a YAML file, got {}. Files of predictions stand after "
                     "--predictions.",
                     printable(arguments.positionals().empty() ? options.study : arguments.positionals().front()));
  refuse_given(arguments, {"labels", "metric", "against", "margin"},
               "goes with --predictions; a study's file says it (compare: {metric: ..., against: ..., margin: ...}).");
  if (options.jobs < 1 || options.jobs > 64)
    throw ConfigError("compare", "--jobs: expected 1 to 64, got {}.", options.jobs);
  const auto shard = study::parse_shard(options.shard);
  const auto spec = study::read_spec(options.study);
  const fs::path output =
      options.output.empty() ? fs::path(options.study).replace_extension() : fs::path(options.output);
  const auto host = host_of(arguments);
  if (options.dry_run) {
    study::StudyFolder folder(output, study::StudyFolder::Access::look);
    study::Runner runner(spec, folder, host, terminal);
    runner.prepare();
    say_study(spec, runner, shard, terminal);
    return dry_run(runner, host, terminal);
  }
  study::StudyFolder folder(output);
  for (const auto& other : options.merge)
    terminal.line("merge", fmt::format("{}: {} runs", printable(other), folder.take_from(other)));
  study::Runner runner(spec, folder, host, terminal);
  runner.prepare(options.this_build);
  say_study(spec, runner, shard, terminal);
  std::vector<study::Cell> cells;
  for (const auto& planned : runner.runs())
    cells.push_back(planned.cell);
  const auto outcome_now = [&] {
    return study::outcome_of(spec, cells, runner.results(),
                             [&](const std::string& hash) { return folder.items(hash); });
  };
  {
    std::optional<WorkerProcesses> workers;
    if (options.jobs > 1 && !runner.missing().empty()) {
      workers.emplace(options.jobs - 1,
                      std::vector<std::string>{"compare", "--study=" + options.study, "--output=" + output.string(),
                                               "--shard=" + options.shard, "--only-runs", "--quiet"});
    }
    std::function<bool(int64_t)> enough;
    if (spec.question.stop_when_decided) {
      enough = [&](int64_t seed) {
        const bool decided = study::all_decided(outcome_now().comparisons);
        if (decided) terminal.line("study", fmt::format("every comparison is decided after seed {}", seed));
        return decided;
      };
    }
    try {
      runner.run(shard, enough);
    } catch (const Stopped&) {
      runner.refresh();
      terminal.line("stopped", fmt::format("{:L} of {:L} runs are there · go on with: {}",
                                           runner.runs().size() - runner.missing().size(), runner.runs().size(),
                                           arguments.command_line()));
      throw;
    }
  }
  if (options.only_runs) return 0;
  runner.refresh();
  const auto outcome = outcome_now();
  const auto picture = [&](const std::string& data, const std::string& file) {
    return thumbnail_uri(runner.roots().at(data) / file);
  };
  write_report(outcome, output, arguments, picture);
  print_result(outcome, terminal);
  terminal.line("report", (output / "report.html").string());
  return 0;
}

}  // namespace

Command compare_command() {
  return {"compare",
          "Compare methods over data sets and seeds, and say what may be claimed.",
          "STUDY.yaml [-o FOLDER] | --predictions FILE ...",
          "graft compare study.yaml\n"
          "graft compare study.yaml --jobs 2 -o runs/study\n"
          "graft compare study.yaml --shard 3/16 --only-runs\n"
          "graft compare study.yaml --dry-run\n"
          "graft compare --predictions lora/*.csv vpt/*.jsonl --labels truth.csv -o report/",
          run,
          [] {
            auto options = describe_options<CompareOptions>();
            for (auto& info : describe_options<study::ForeignQuestion>())
              options.push_back(std::move(info));
            return options;
          }};
}

}  // namespace graft::cli
