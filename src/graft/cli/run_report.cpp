#include "graft/cli/run_report.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <torch/types.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <functional>

#include "graft/cli/painted_masks.h"
#include "graft/cli/terminal.h"
#include "graft/cli/thumbnail.h"
#include "graft/core/atomic_file.h"
#include "graft/core/quantities.h"
#include "graft/io/yaml_options.h"
#include "graft/models/sources.h"
#include "graft/tasks/pixel_counts.h"
#include "graft/tensor/precision.h"
#include "graft/train/run_folder.h"

namespace graft::cli {
namespace {

constexpr size_t kLargestMatrix = 40;  // classes of pixels

std::string time_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &utc);
  return text;
}

template <class Value>
report::Series curve(const std::vector<train::Metric>& metrics, const std::string& split, const Value& value) {
  report::Series series{split == "train" ? "training" : "validation", {}};
  for (const auto& metric : metrics) {
    if (metric.split == split && std::isfinite(std::invoke(value, metric)))
      series.points.emplace_back(metric.step, std::invoke(value, metric));
  }
  return series;
}

std::vector<report::LineChart> charts(const std::vector<train::Metric>& metrics, const tasks::Score& chosen_by) {
  const auto score = [&](const train::Metric& metric) { return metric.score(chosen_by.name); };
  return {{"loss",
           "step",
           {curve(metrics, "train", &train::Metric::loss), curve(metrics, "val", &train::Metric::loss)},
           false},
          {"validation " + chosen_by.name, "step", {curve(metrics, "val", score)}, chosen_by.is_share},
          {"learning rate", "step", {curve(metrics, "train", &train::Metric::lr)}, false},
          {"norm of all gradients", "step", {curve(metrics, "train", &train::Metric::grad_norm)}, false}};
}

std::vector<report::Mistake> worst_mistakes(const pipelines::AdaptResult& result) {
  const auto& predictions = result.test_predictions;
  std::vector<report::Mistake> mistakes;
  for (const auto row : tasks::surest_mistakes(predictions, pipelines::kMistakesShown)) {
    const auto [predicted, probability] = tasks::top(predictions, row, 1).front();
    const auto truth = predictions.labels[static_cast<size_t>(row)];
    report::Mistake mistake{predictions.files[static_cast<size_t>(row)], result.classes[static_cast<size_t>(truth)],
                            result.classes[static_cast<size_t>(predicted)], probability};
    if (result.reads == data::Reads::photo) mistake.images = {thumbnail_uri(result.data_root / mistake.file)};
    if (const auto frames = result.mistake_frames.find(row); frames != result.mistake_frames.end()) {
      for (const auto& frame : frames->second)
        mistake.images.push_back(thumbnail_uri(frame));
    }
    if (const auto words = result.mistake_words.find(row); words != result.mistake_words.end())
      mistake.words = words->second;
    mistakes.push_back(std::move(mistake));
  }
  return mistakes;
}

// Photos beside what is told of them and the truth.
report::ContactSheet sheet_of_masks(const pipelines::AdaptResult& result) {
  report::ContactSheet sheet{.columns = {"photo", "told", "truth"}, .legend = legend_of(result.classes), .photos = {}};
  const auto colours = colours_of(result.classes);
  for (const auto& shown : result.shown_masks) {
    const auto file = result.data_root / shown.file;
    const auto photo = readable_photo(file);
    const auto* pixels = photo ? &*photo : nullptr;
    sheet.photos.push_back({.name = shown.file,
                            .remark = "",
                            .pictures = {thumbnail_uri(file), painted_uri(pixels, shown.told, colours),
                                         painted_uri(pixels, shown.truth, colours)}});
  }
  return sheet;
}

// Of a run on masks: how well each class is told, and what pixels are taken for.
void describe_pixels(const pipelines::AdaptResult& result, report::RunReport& report) {
  report.masks = sheet_of_masks(result);
  if (!result.test_predictions.confusion.defined()) return;
  const auto confusion = result.test_predictions.confusion.contiguous();
  const auto iou = tasks::iou_of(tasks::sides_of(confusion)).contiguous();
  const auto truth = confusion.sum(1).to(at::kDouble);
  const auto shares = (truth / truth.sum()).contiguous();
  for (size_t i = 0; i < result.classes.size(); ++i) {
    const double own = iou.const_data_ptr<double>()[i];
    if (std::isfinite(own)) report.areas.push_back({result.classes[i], own, shares.const_data_ptr<double>()[i]});
  }
  if (result.classes.size() > kLargestMatrix) return;
  report.pixels = {
      .truth = result.classes,
      .told = result.classes,
      .counts = {confusion.const_data_ptr<int64_t>(), confusion.const_data_ptr<int64_t>() + confusion.numel()},
      .unit = "pixels",
      .in_percent = true};
}

}  // namespace

report::Facts describe_environment() {
  utsname system{};
  uname(&system);
  return {{"graft", GRAFT_VERSION},
          {"libtorch", TORCH_VERSION},
          {"processor", tensor::describe_cpu()},
          {"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
          {"finished", time_now()}};
}

report::RunReport describe_run(const pipelines::AdaptResult& result, const std::string& command) {
  const OptionValues config = io::read_yaml_options(result.folder / "config.yaml");
  const auto option = [&](const char* name) {
    const auto found = config.find(name);
    return found != config.end() ? found->second : "";
  };
  report::RunReport report;
  report.title =
      fmt::format("{} on {}", option("method"), std::filesystem::path(option("data")).lexically_normal().string());
  report.subtitle =
      fmt::format("{}{} · seed {}", option("model"),
                  result.classes.empty() ? "" : fmt::format(" · {} classes", result.classes.size()), option("seed"));
  report.command = command;
  const bool classes = result.test_predictions.target == data::Target::label;
  const auto counts = classes ? tasks::count_classes(result.test_predictions) : tasks::ClassCounts{};
  report.correct = counts.correct;
  report.count = counts.count;
  report.mean_per_class = counts.mean_per_class();
  report.charts = charts(train::read_metrics(result.folder / "metrics.jsonl"), result.test.first());
  report.unit = data::unit_of(result.reads);
  report.scores = tasks::format_scores(result.test, result.test.all.size());
  for (size_t i = 0; classes && i < result.classes.size(); ++i)
    report.classes.push_back({result.classes[i], counts.class_correct[i], counts.class_count[i]});
  for (const auto& [pair, photos] : counts.confusion)
    report.confusion.push_back({static_cast<size_t>(pair.first), static_cast<size_t>(pair.second), photos});
  if (classes) report.mistakes = worst_mistakes(result);
  if (result.test_predictions.target == data::Target::mask) describe_pixels(result, report);
  report.cost = {
      {"time", fmt::format("{} in all, {} of it training{}", format_duration(result.seconds),
                           format_duration(result.train_seconds),
                           result.legs > 1 ? fmt::format(", resumed {} times", result.legs - 1) : "")},
      {"steps", fmt::format("{} in {} epochs", result.steps, result.epochs)},
      {"peak memory", format_bytes(result.peak_memory_bytes)},
      {"trained", fmt::format("{} parameters on {} frozen ones", format_count(result.trained_parameters),
                              format_count(result.frozen_parameters))},
      {"on disk", format_bytes(result.adapter_bytes)},
      {"frozen features", result.features_cached
                              ? fmt::format("kept: each of the {} went through the frozen layers once", report.unit)
                              : "computed anew each epoch"}};
  for (const auto& [name, text] : config) {
    if (!text.empty()) report.options.emplace_back(name, text);
  }
  report.environment = describe_environment();
  return report;
}

void write_run_report(const pipelines::AdaptResult& result, const std::string& command) {
  write_file_atomically(result.folder / "report.html", report::to_html(describe_run(result, command)));
}

}  // namespace graft::cli
