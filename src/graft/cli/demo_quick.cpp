// The demo that fits into a minute and a half: seven methods, one draw of photos.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "graft/cli/demo.h"
#include "graft/cli/demo_methods.h"
#include "graft/cli/results.h"
#include "graft/cli/run_report.h"
#include "graft/core/interval.h"
#include "graft/core/printable.h"
#include "graft/core/quantities.h"
#include "graft/methods/method.h"

namespace graft::cli {
namespace {

constexpr const char* kMethods[] = {"linear-probe", "tip-adapter-f", "coop", "vpt", "adapter", "lora"};
constexpr int kBarCells = 20;  // of 100 %

std::string bar(double share) {
  std::string cells;
  for (int i = 0; i < static_cast<int>(share * kBarCells + 0.5); ++i)
    cells += "█";
  return cells;
}

void print_row(const DemoRun& run, const DemoRun& base, Terminal& terminal) {
  const bool is_base = &run == &base;
  if (terminal.json()) {
    auto row = to_json(run);
    row["accuracy"] = run.accuracy();
    terminal.print(dump(row));
    return;
  }
  const std::string gain = is_base ? "" : fmt::format("{:+.1f}", 100 * (run.mean_per_class - base.mean_per_class));
  const auto [low, high] = run.per_class_interval;
  terminal.print(
      fmt::format("  {:<14} {:>8} {:>9}  {:<{}} {:>6}   {:<14} {:>8} {:>8}{}", run.method, format_count(run.trained),
                  fmt::format("{:.1f} %", 100 * run.mean_per_class), bar(run.mean_per_class), kBarCells, gain,
                  fmt::format("{:.1f} to {:.1f}", 100 * low, 100 * high), fmt::format("{:.1f} %", 100 * run.accuracy()),
                  format_duration(run.seconds), run.encoded_nothing ? "   (features cached)" : ""));
}

std::vector<std::string> notes(const Demo& demo, const DemoOptions& options) {
  std::vector<const methods::Entry*> entries;
  for (const char* method : kMethods)
    entries.push_back(&methods::find_entry(method));
  return {kPerClassNote, describe_settings(entries, demo.setting(options.shots)),
          fmt::format("One draw of {} photos a kind: a look, not a claim. graft demo --full draws six times and gives "
                      "intervals.",
                      options.shots)};
}

report::MethodRow to_row(const DemoRun& run, const DemoRun& base) {
  const auto plain = wilson_interval(run.correct, run.count);
  return {.name = run.method,
          .trained = run.trained,
          .per_class = {.value = run.mean_per_class,
                        .low = run.per_class_interval.low,
                        .high = run.per_class_interval.high,
                        .gain = run.mean_per_class - base.mean_per_class},
          .accuracy = {.value = run.accuracy(),
                       .low = plain.low,
                       .high = plain.high,
                       .gain = run.accuracy() - base.accuracy()},
          .seconds = run.seconds,
          .report = &run == &base ? "" : run.method + "/report.html"};
}

}  // namespace

int run_quick_demo(const DemoOptions& options, const Arguments& arguments, Terminal& terminal) {
  Demo demo(options, arguments, terminal);
  const std::string title =
      fmt::format("{} kinds of product photo, {} labelled photos of each, a small CLIP that stays frozen",
                  demo.classes(), options.shots);
  terminal.line("demo", title);
  if (!terminal.json()) {
    terminal.print(fmt::format("\n  {:<14} {:>8} {:>15} {:>39} {:>14} {:>8}", "method", "trained", "mean per class",
                               "95 % interval", "accuracy", "time"));
  }
  const DemoRun base = demo.zero_shot();
  print_row(base, base, terminal);
  report::ComparisonReport report;
  report.tables = {{fmt::format("{} shots, seed {}", options.shots, options.seed), {to_row(base, base)}}};
  const std::filesystem::path folder = options.output;
  for (const std::string method : kMethods) {
    const auto result = demo.adapt(method, options.shots, options.seed, (folder / method).string());
    const DemoRun run = to_run(method, options.shots, options.seed, result);
    print_row(run, base, terminal);
    write_run_report(result, fmt::format("graft adapt --config {} -o runs/again",
                                         shell_path((folder / method / "config.yaml").string())));
    report.tables[0].rows.push_back(to_row(run, base));
  }
  report.title = "graft demo";
  report.subtitle = title;
  report.notes = notes(demo, options);
  finish_demo(std::move(report), options, arguments, terminal);
  return 0;
}

}  // namespace graft::cli
