#include "graft/cli/demo.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "graft/cli/assets.h"
#include "graft/cli/command.h"
#include "graft/cli/demo_methods.h"
#include "graft/cli/host.h"
#include "graft/cli/run_report.h"
#include "graft/core/atomic_file.h"
#include "graft/core/clock.h"
#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/methods/entry.h"
#include "graft/pipelines/zero_shot.h"
#include "graft/statistics/proportions.h"

namespace graft::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMarker = "demo.txt";  // in a folder that a demo may write over

// Of a run inside the demo only the bar is shown, under the method's name; its lines are in its own folder's report.
class Inside final : public Reporter {
 public:
  Inside(std::string name, Terminal& terminal) : name_(std::move(name)), terminal_(terminal) {}
  void line(std::string_view, std::string_view) override {}
  void warn(std::string_view text) override { terminal_.warn(fmt::format("{}: {}", name_, text)); }
  void note(const Note& note) override { terminal_.note({fmt::format("{}: {}", name_, note.text), note.numbers}); }
  void progress(const Progress& progress) override {
    Progress renamed = progress;
    renamed.stage = "demo";
    renamed.detail = name_ + " " + progress.detail;
    terminal_.progress(renamed);
  }

 private:
  std::string name_;
  Terminal& terminal_;
};

void take_folder(const DemoOptions& options) {
  const fs::path folder = options.output;
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder, error)) {
    throw FileError("demo", "{} is a file; the demo writes a folder. Choose another --output.", options.output);
  }
  const bool holds_something = fs::is_directory(folder, error) && !fs::is_empty(folder, error);
  if (holds_something && !fs::exists(folder / kMarker) && !options.force) {
    throw ConfigError("demo",
                      "{} holds something else than a demo. Choose another --output, or write into it with --force.",
                      options.output);
  }
  fs::create_directories(folder, error);
  if (error) throw FileError("demo", "{} cannot be created: {}.", options.output, error.message());
  write_file_atomically(folder / kMarker, "Written by graft demo, which may write over it.\n");
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<DemoOptions>();
  if (!arguments.parse(terminal)) return 0;
  const auto options = arguments.get<DemoOptions>();
  find_assets(arguments.environment());
  take_folder(options);
  terminal.log_to(options.output, options.full);
  const int code =
      options.full ? run_full_demo(options, arguments, terminal) : run_quick_demo(options, arguments, terminal);
  terminal.finish_log();
  return code;
}

}  // namespace

Demo::Demo(const DemoOptions& options, const Arguments& arguments, Terminal& terminal) : terminal_(terminal) {
  const fs::path assets = find_assets(arguments.environment());
  model_.model = (assets / "clip_products").string();
  model_.precision = options.precision;
  model_.threads = options.threads;
  data_.data = (assets / "fashion_products" / "photos.csv").string();
  data_.cache = false;
  session_ = std::make_unique<engine::Session>(model_, data_, host_of(arguments), terminal);
}

methods::Setting Demo::setting(int64_t shots) const {
  return {session_->model(), session_->dataset().classes, shots, shots * classes(), session_->dataset().target};
}

int64_t Demo::classes() const {
  return static_cast<int64_t>(session_->dataset().classes.size());
}

DemoRun Demo::zero_shot() {
  Inside inside("zero-shot", terminal_);
  const auto start = Clock::now();
  const auto evaluation = pipelines::zero_shot(*session_, engine::read_templates("", ""), data::Split::test, inside);
  const double seconds = seconds_since(start);
  auto run = to_run("zero-shot", 0, 0, tasks::count_classes(evaluation.predictions));
  run.seconds = seconds;
  return run;
}

pipelines::AdaptResult Demo::adapt(const std::string& method, int64_t shots, int64_t seed, const std::string& output) {
  OptionValues values = demo_setting(methods::find_entry(method), setting(shots));
  values["method"] = method;
  auto request = engine::read_adapt_request(values);
  auto& options = request.options;
  options.model = model_;
  options.data = data_;
  options.shots = shots;
  options.seed = seed;
  options.output = output;
  options.force = true;
  Inside inside(method, terminal_);
  auto result = pipelines::adapt(*session_, options, request.method_options, inside);
  if (result.stopped_by != 0) throw Stopped(result.stopped_by);
  return result;
}

DemoRun to_run(const std::string& method, int64_t shots, int64_t seed, const tasks::ClassCounts& counts) {
  std::vector<statistics::Share> classes;
  for (size_t i = 0; i < counts.class_count.size(); ++i)
    classes.push_back({counts.class_correct[i], counts.class_count[i]});
  DemoRun run;
  run.method = method;
  run.shots = shots;
  run.seed = seed;
  run.correct = counts.correct;
  run.count = counts.count;
  run.mean_per_class = counts.mean_per_class();
  run.per_class_interval = statistics::mean_share_interval(classes);
  return run;
}

DemoRun to_run(const std::string& method, int64_t shots, int64_t seed, const pipelines::AdaptResult& result) {
  auto run = to_run(method, shots, seed, tasks::count_classes(result.test_predictions));
  run.trained = result.trained_parameters;
  run.seconds = result.seconds;
  run.encoded_nothing = result.photos_encoded == 0;
  return run;
}

nlohmann::json to_json(const DemoRun& run) {
  return {{"method", run.method},
          {"shots", run.shots},
          {"seed", run.seed},
          {"trained", run.trained},
          {"correct", run.correct},
          {"count", run.count},
          {"mean_per_class", run.mean_per_class},
          {"mean_per_class_interval", {run.per_class_interval.low, run.per_class_interval.high}},
          {"seconds", run.seconds}};
}

void finish_demo(report::ComparisonReport report, const DemoOptions& options, const Arguments& arguments,
                 Terminal& terminal) {
  report.command = arguments.command_line();
  report.environment = describe_environment();
  const fs::path file = fs::path(options.output) / "report.html";
  write_file_atomically(file, report::to_html(report));
  if (!terminal.json()) {
    terminal.print("");
    for (const auto& note : report.notes)
      terminal.print("  " + note);
    terminal.print("");
  }
  terminal.line("report", file.string());
  terminal.line("next", "graft adapt --model PATH-OR-ORG/NAME --data YOUR/PHOTOS --method lora");
}

Command demo_command() {
  return {"demo",
          "Adapt the embedded model to the embedded photos, with a table and a report.",
          "[--full]",
          "graft demo\n"
          "graft demo --full -o runs/full",
          run,
          [] { return describe_options<DemoOptions>(); }};
}

}  // namespace graft::cli
