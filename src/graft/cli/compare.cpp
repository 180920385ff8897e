#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <tuple>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/run_report.h"
#include "graft/cli/study_result.h"
#include "graft/cli/table.h"
#include "graft/cli/thumbnail.h"
#include "graft/cli/worker_processes.h"
#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/core/quantities.h"
#include "graft/core/signals.h"
#include "graft/data/table.h"
#include "graft/study/exports.h"
#include "graft/study/foreign_predictions.h"
#include "graft/study/outcome.h"
#include "graft/study/runner.h"
#include "graft/study/study_page.h"

namespace graft::cli {
namespace {

namespace fs = std::filesystem;

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
  if (const auto trials = runner.planned_trials(); trials > 0)
    text += fmt::format(" · search {:L} runs, {:L} to do", trials, runner.missing_trials());
  if (shard.of > 1) text += fmt::format(" · this machine takes part {} of {}", shard.number, shard.of);
  if (const double seconds = runner.seconds_left(left); !left.empty() && std::isfinite(seconds))
    text += ", about " + format_duration(seconds);
  terminal.line("study", text);
  if (spec.budget.steps > 0) terminal.line("budget", print(spec.budget) + " for each run");
  for (const auto& budget : runner.budgets())
    terminal.line("budget", budget);
}

int dry_run(const study::Spec& spec, study::Runner& runner, Terminal& terminal) {
  const bool models = spec.models.size() > 1;
  std::vector<Align> columns(models ? 3 : 2, Align::left);
  columns.resize(columns.size() + 4, Align::right);
  TextTable table(columns);
  const auto row = [&](std::vector<std::string> cells, const std::string& model) {
    if (models) cells.insert(cells.begin() + 1, model);
    table.row(std::move(cells));
  };
  row({"method", "data", "shots", "runs", "memory", "time"}, "model");
  std::map<std::tuple<std::string, std::string, std::string, int64_t>, std::pair<const study::PlannedRun*, int64_t>>
      kinds;
  for (const auto* run : runner.missing()) {
    auto& kind = kinds[{run->cell.method, run->cell.model, run->cell.data, run->cell.shots}];
    kind.first = run;
    ++kind.second;
  }
  double all = 0;
  int64_t most = 0;
  for (const auto& [key, kind] : kinds) {
    const auto& cell = kind.first->cell;
    std::string memory = "-", time = "-";
    if (cell.seed != 0) {
      const auto plan = runner.cost_of(*kind.first);
      const double seconds = plan.pace.seconds() * static_cast<double>(kind.second);
      memory = format_bytes(plan.choice.plan.bytes());
      time = format_duration(seconds);
      all += seconds;
      most = std::max(most, plan.choice.plan.bytes());
    }
    row({cell.method, cell.data, cell.seed == 0 ? "" : std::to_string(cell.shots), std::to_string(kind.second), memory,
         time},
        cell.model);
  }
  print(table, terminal, "  ");
  terminal.line("plan", fmt::format("about {} at most at once, {} one after another; nothing was run",
                                    format_bytes(most), format_duration(all)));
  return 0;
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
    return dry_run(spec, runner, terminal);
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
    if (options.jobs > 1 && runner.missing().size() + static_cast<size_t>(runner.missing_trials()) > 0) {
      std::vector<std::string> words{"compare",
                                     "--study=" + options.study,
                                     "--output=" + output.string(),
                                     "--shard=" + options.shard,
                                     "--only-runs",
                                     "--quiet"};
      if (options.this_build) words.emplace_back("--this-build");
      workers.emplace(options.jobs - 1, words);
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
    return thumbnail_uri(runner.root(data) / file);
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
