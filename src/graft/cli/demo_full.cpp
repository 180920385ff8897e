// The demo that can be believed: every method at 1, 4 and 16 shots over six draws of photos, paired with zero-shot.
// Each finished run is a line of runs.jsonl; what is there already is not run again.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "graft/cli/demo.h"
#include "graft/cli/demo_methods.h"
#include "graft/cli/results.h"
#include "graft/cli/table.h"
#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/quantities.h"
#include "graft/core/random.h"
#include "graft/io/json_object.h"
#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/statistics/students.h"

namespace graft::cli {
namespace {

constexpr int64_t kShots[] = {1, 4, 16};
constexpr int64_t kSeeds = 6;  // the fewest for which a sign-flip test can reach 0.05

using Key = std::tuple<std::string, int64_t, int64_t>;  // method, shots, seed

// Finished runs by what they are of; those of another model, version, precision or setting do not count.
class Results {
 public:
  Results(std::filesystem::path file, std::string base) : file_(std::move(file)), base_(std::move(base)) {
    std::ifstream lines(file_);
    for (std::string line; std::getline(lines, line);) {
      try {
        take(io::JsonObject::parse(line, file_.string()));
      } catch (const FileError&) {  // a line that a crash cut short
      }
    }
  }

  bool has(const Key& key) const { return runs_.count(key) > 0; }
  const DemoRun& at(const Key& key) const { return runs_.at(key); }
  int64_t size() const { return static_cast<int64_t>(runs_.size()); }

  void add(const DemoRun& run) {
    std::ofstream file(file_, std::ios::app);
    auto row = to_json(run);
    row["base"] = base_;
    file << dump(row) << std::endl;
    if (!file)
      throw FileError("demo", "{} cannot be written. What is in it stays: make room, then run the demo again.",
                      file_.string());
    runs_[{run.method, run.shots, run.seed}] = run;
  }

 private:
  void take(const io::JsonObject& row) {
    if (row.get<std::string>("base", "") != base_) return;
    DemoRun run;
    run.method = row.get<std::string>("method", "");
    run.shots = row.get("shots", int64_t{0});
    run.seed = row.get("seed", int64_t{0});
    run.trained = row.get("trained", int64_t{0});
    run.correct = row.get("correct", int64_t{0});
    run.count = row.get("count", int64_t{0});
    run.mean_per_class = row.get("mean_per_class", 0.0);
    run.seconds = row.get("seconds", 0.0);
    if (run.count > 0) runs_[{run.method, run.shots, run.seed}] = run;
  }

  std::filesystem::path file_;
  std::string base_;
  std::map<Key, DemoRun> runs_;
};

// A measure of one method over the seeds.
template <class Measure>
std::vector<double> over_seeds(const Results& results, const std::string& method, int64_t shots, Measure measure) {
  std::vector<double> values;
  for (int64_t seed = 1; seed <= kSeeds; ++seed)
    values.push_back(measure(results.at({method, shots, seed})));
  return values;
}

double accuracy(const DemoRun& run) {
  return run.accuracy();
}
double per_class(const DemoRun& run) {
  return run.mean_per_class;
}

// The mean over the seeds, and the gain over zero-shot paired with it.
report::Measured measured(const std::vector<double>& values, double zero_shot) {
  const auto mean = statistics::summarise(values);
  std::vector<double> gains;
  for (const double value : values)
    gains.push_back(value - zero_shot);
  const auto gain = statistics::summarise(gains);
  return {mean.mean, mean.interval.low, mean.interval.high, gain.mean, gain.interval.low, gain.interval.high};
}

report::ComparisonTable table_of(const Results& results, const std::vector<std::string>& methods, int64_t shots,
                                 const DemoRun& base) {
  report::ComparisonTable table{fmt::format("{} {}, {} draws of photos", shots, shots == 1 ? "shot" : "shots", kSeeds),
                                {}};
  const auto own = wilson_interval(base.correct, base.count);
  table.rows.push_back({.name = base.method,
                        .per_class = {.value = base.mean_per_class,
                                      .low = base.per_class_interval.low,
                                      .high = base.per_class_interval.high},
                        .accuracy = {.value = base.accuracy(), .low = own.low, .high = own.high},
                        .seconds = base.seconds});
  for (const auto& method : methods) {
    double seconds = 0;
    for (int64_t seed = 1; seed <= kSeeds; ++seed)
      seconds += results.at({method, shots, seed}).seconds / kSeeds;
    table.rows.push_back({.name = method,
                          .trained = results.at({method, shots, 1}).trained,
                          .per_class = measured(over_seeds(results, method, shots, per_class), base.mean_per_class),
                          .accuracy = measured(over_seeds(results, method, shots, accuracy), base.accuracy()),
                          .seconds = seconds});
  }
  return table;
}

void print_table(const report::ComparisonTable& table, Terminal& terminal) {
  TextTable text({Align::left, Align::right, Align::right, Align::right, Align::left, Align::right, Align::right,
                  Align::left, Align::right});
  text.row({"", "trained", "per class", "gain", "95 % interval", "accuracy", "gain", "95 % interval", "time"});
  for (const auto& row : table.rows) {
    const bool is_base = &row == &table.rows.front();
    std::vector<std::string> cells{row.name, format_count(row.trained)};
    for (const auto* part : {&row.per_class, &row.accuracy}) {
      cells.push_back(fmt::format("{:.1f} %", 100 * part->value));
      cells.push_back(is_base ? "" : fmt::format("{:+.1f}", 100 * part->gain));
      cells.push_back(is_base ? "" : fmt::format("{:+.1f} to {:+.1f}", 100 * part->gain_low, 100 * part->gain_high));
    }
    cells.push_back(format_duration(row.seconds));
    text.row(std::move(cells));
  }
  terminal.print("\n" + table.title);
  print(text, terminal, "  ");
}

report::LineChart chart_of(const Results& results, const std::vector<std::string>& methods, const DemoRun& base) {
  report::LineChart chart{"mean per class", "labelled photos a kind", {}, true};
  chart.series.push_back({"zero-shot", {{1, base.mean_per_class}, {16, base.mean_per_class}}});
  for (const auto& method : methods) {
    auto& series = chart.series.emplace_back(report::Series{method, {}});
    for (const int64_t shots : kShots)
      series.points.emplace_back(shots, statistics::summarise(over_seeds(results, method, shots, per_class)).mean);
  }
  return chart;
}

}  // namespace

int run_full_demo(const DemoOptions& options, const Arguments& arguments, Terminal& terminal) {
  Demo demo(options, arguments, terminal);
  const std::filesystem::path folder = options.output;
  const auto [entries, left_out] = demo_methods(methods::entries(), demo.model());
  std::vector<std::string> methods;
  for (const auto* entry : entries)
    methods.emplace_back(entry->name);
  const std::string settings = describe_settings(entries, demo.setting(kShots[std::size(kShots) - 1]));
  Results results(folder / "runs.jsonl", fmt::format("{} {} {} {}", demo.fingerprint(), GRAFT_VERSION,
                                                     options.precision, Hash().add(settings).hex()));
  std::vector<Key> wanted;
  for (int64_t seed = 1; seed <= kSeeds; ++seed) {
    for (const int64_t shots : kShots) {
      for (const auto& method : methods)
        wanted.emplace_back(method, shots, seed);
    }
  }
  std::vector<Key> left;
  for (const auto& key : wanted) {
    if (!results.has(key)) left.push_back(key);
  }
  terminal.line(
      "plan",
      fmt::format("{} methods x {} shots x {} seeds = {} runs · {} done, {} to do · the first seed tells how long",
                  methods.size(), std::size(kShots), kSeeds, wanted.size(), wanted.size() - left.size(), left.size()));
  if (!left_out.empty()) {
    terminal.line("plan", fmt::format("left out, made for another kind of model: {}", fmt::join(left_out, ", ")));
  }
  const DemoRun base = demo.zero_shot();
  for (size_t i = 0; i < left.size(); ++i) {
    const auto& [method, shots, seed] = left[i];
    results.add(to_run(method, shots, seed, demo.adapt(method, shots, seed, "")));
    const auto& run = results.at(left[i]);
    // What is left costs what the same method and shots cost at a seed that is done.
    double seconds = 0;
    bool known = true;
    for (size_t j = i + 1; j < left.size(); ++j) {
      const Key same{std::get<0>(left[j]), std::get<1>(left[j]), seed};
      const Key first{std::get<0>(left[j]), std::get<1>(left[j]), 1};
      known = known && (results.has(same) || results.has(first));
      if (known) seconds += results.at(results.has(same) ? same : first).seconds;
    }
    terminal.line("demo", fmt::format("{:<13} {:>2} {} seed {}  {:.1f} %  {:>8}   {} of {}{}", method, shots,
                                      shots == 1 ? "shot, " : "shots,", seed, 100 * run.mean_per_class,
                                      format_duration(run.seconds), wanted.size() - left.size() + i + 1, wanted.size(),
                                      known && seconds > 0 ? ", about " + format_duration(seconds) + " left" : ""));
  }
  report::ComparisonReport report;
  report.title = "graft demo --full";
  report.subtitle = fmt::format("{} kinds of product photo, a small CLIP that stays frozen", demo.classes());
  for (const int64_t shots : kShots) {
    report.tables.push_back(table_of(results, methods, shots, base));
    if (!terminal.json()) print_table(report.tables.back(), terminal);
  }
  if (terminal.json()) {
    for (const auto& key : wanted)
      terminal.print(dump(to_json(results.at(key))));
  }
  report.charts = {chart_of(results, methods, base)};
  report.notes = {
      fmt::format("Gains over zero-shot are paired over {} draws of the labelled photos, intervals Student's "
                  "t; all runs are tested on the same {} photos, so they speak of these photos. Each interval "
                  "stands alone: of twenty, one may miss.",
                  kSeeds, base.count),
      kPerClassNote, settings};
  finish_demo(std::move(report), options, arguments, terminal);
  return 0;
}

}  // namespace graft::cli
