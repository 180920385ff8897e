#include "graft/study/foreign_predictions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <system_error>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/core/printable.h"
#include "graft/data/numbers.h"
#include "graft/data/problems.h"
#include "graft/study/matched_examples.h"
#include "graft/study/prediction_table.h"
#include "graft/study/run_names.h"

namespace graft::study {
namespace {

namespace fs = std::filesystem;
using data::Problems;

constexpr size_t kNamed = 3;  // methods in the name of a comparison

class ForeignReader {
 public:
  ForeignReader(const std::vector<fs::path>& files, const ForeignQuestion& question) : question_(question) {
    std::vector<fs::path> places;
    for (const auto& file : files)
      places.push_back(file_of(file));
    names_ = name_runs(places);
    for (const auto& file : places)
      tables_.push_back(read_prediction_table(file, Holds::predictions));
    if (!question.labels.empty()) labels_ = read_prediction_table(question.labels, Holds::labels);
  }

  ForeignPredictions read() {
    examples_ = match_examples(tables_, labels_);
    out_.notes = examples_.notes;
    for (auto& table : tables_) {
      if (!table.has_predictions) predict_by_scores(table, examples_.classes);
    }
    check_predictions();
    fill();
    return std::move(out_);
  }

 private:
  // A run folder is its predictions.
  static fs::path file_of(const fs::path& path) {
    std::error_code error;
    if (path.extension() == ".yaml" || path.extension() == ".yml") {
      throw UsageError("compare", "{} is a study's file: give a study or --predictions, not both.",
                       printable(path.string()));
    }
    if (!fs::is_directory(path, error)) return path;
    const auto inside = path / "predictions.jsonl";
    if (!fs::exists(inside, error))
      throw FileError("compare", "{} is a folder without a predictions.jsonl. Name the files in it.",
                      printable(path.string()));
    return inside.lexically_normal();
  }

  // Predictions of classes that never are a label are wrong; where all are, they are other words for the classes.
  void check_predictions() {
    Problems problems("predictions");
    for (size_t t = 0; t < tables_.size(); ++t) {
      const auto& table = tables_[t];
      std::set<std::string> said, strange;
      size_t count = 0;
      for (const auto& row : table.rows) {
        said.insert(row.predicted);
        if (examples_.classes.count(row.predicted)) continue;
        strange.insert(row.predicted);
        ++count;
      }
      if (count == table.rows.size()) {
        const bool words = are_numbers(said) != are_numbers(examples_.classes);
        problems.add(
            "{}: none of its predictions is a label that occurs: predicted are {}, the labels are {}{}.", table.file,
            first_of({said.begin(), said.end()}), first_of({examples_.classes.begin(), examples_.classes.end()}),
            words ? ". One has names, the other numbers, and which is which is not said: write both alike" : "");
      } else if (count > 0) {
        out_.notes.push_back({fmt::format("{}: {} of classes that are no label here count as wrong: {}", table.file,
                                          counted(count, "prediction"), first_of({strange.begin(), strange.end()})),
                              true});
      }
    }
    problems.throw_if_any();
  }

  // Examples in the order of the first file, classes in that of their numbers, or of their names.
  Items items_of(const std::string& set) const {
    Items items;
    items.files = examples_.ids.at(set);
    std::set<std::string> classes;
    for (const auto& id : items.files)
      classes.insert(examples_.labels.at({set, id}));
    items.classes.assign(classes.begin(), classes.end());
    if (are_numbers(classes)) {
      std::stable_sort(items.classes.begin(), items.classes.end(), [](const std::string& a, const std::string& b) {
        return *data::whole_number(a) < *data::whole_number(b);
      });
    }
    std::map<std::string, int64_t> place;
    for (const auto& name : items.classes)
      place.emplace(name, static_cast<int64_t>(place.size()));
    for (const auto& id : items.files)
      items.labels.push_back(place.at(examples_.labels.at({set, id})));
    return items;
  }

  RunResult run_of(size_t t, const std::string& set, const Items& items) const {
    RunResult run{.identity = fmt::format("{}\n{}", t, set)};
    run.cell = {names_.runs[t].method, "", set, 0, names_.runs[t].seed};
    run.items = items.hash();
    run.count = static_cast<int64_t>(items.files.size());
    std::map<std::string, int64_t> place;
    for (const auto& name : items.classes)
      place.emplace(name, static_cast<int64_t>(place.size()));
    std::vector<int64_t> count(place.size()), right(place.size());
    for (size_t i = 0; i < items.files.size(); ++i) {
      const auto& row = tables_[t].rows[examples_.rows[t].at({set, items.files[i]})];
      const auto found = place.find(row.predicted);
      run.predicted.push_back(found == place.end() ? -1 : found->second);
      if (tables_[t].has_probabilities) run.probability.push_back(static_cast<float>(row.probability));
      const auto label = static_cast<size_t>(items.labels[i]);
      ++count[label];
      right[label] += run.predicted.back() == items.labels[i];
    }
    double all = 0, mean = 0;
    for (size_t c = 0; c < count.size(); ++c) {
      all += static_cast<double>(right[c]);
      mean += static_cast<double>(right[c]) / static_cast<double>(count[c]);
    }
    run.scores["accuracy"] = all / static_cast<double>(run.count);
    run.scores["mean_per_class"] = mean / static_cast<double>(count.size());
    return run;
  }

  void fill() {
    Design& design = out_.design;
    design.name = fmt::format("{}", fmt::join(names_.methods, ", "));
    if (names_.methods.size() > kNamed) design.name = counted(names_.methods.size(), "method");
    design.methods = names_.methods;
    design.seeds = names_.seeds;
    design.once = names_.once;
    design.foreign = true;
    design.question.metric = option::print(question_.metric);
    design.question.against = question_.against;
    design.question.margin = question_.margin;
    if (!question_.against.empty() &&
        std::find(design.methods.begin(), design.methods.end(), question_.against) == design.methods.end())
      throw ConfigError("compare", "--against: {}",
                        unknown_name("method of these predictions", question_.against, design.methods));
    if (question_.margin && !(*question_.margin > 0))
      throw ConfigError("compare", "--margin: expected points above 0, got {}.", *question_.margin);
    size_t examples = 0;
    for (const auto& set : examples_.data) {
      design.columns.emplace_back("", set);
      const auto items = items_of(set);
      examples += items.files.size();
      for (size_t t = 0; t < tables_.size(); ++t) {
        auto run = run_of(t, set, items);
        out_.cells.push_back(run.cell);
        out_.results.emplace(run.cell, std::move(run));
      }
      out_.items.emplace(items.hash(), items);
    }
    const auto runs = counted(names_.seeds.size(), "run");
    const auto sets = design.columns.size() > 1 ? fmt::format(" of {} data sets", design.columns.size()) : "";
    const auto classes =
        fmt::format("{:L} class{}", examples_.classes.size(), examples_.classes.size() == 1 ? "" : "es");
    out_.said = fmt::format("{} x {} · {}{} in {} · {}", counted(names_.methods.size(), "method"), runs,
                            counted(examples, "test example"), sets, classes, names_.said);
    if (question_.metric != ForeignMetric::accuracy && names_.seeds.size() == 1)
      out_.notes.push_back(
          {"of single runs only accuracy is tested, example by example: mean_per_class wants several", true});
    for (const auto& table : tables_)
      out_.notes.insert(out_.notes.end(), table.notes.begin(), table.notes.end());
  }

  const ForeignQuestion& question_;
  RunNames names_;
  std::vector<PredictionTable> tables_;
  std::optional<PredictionTable> labels_;
  MatchedExamples examples_;
  ForeignPredictions out_;
};

}  // namespace

std::vector<std::pair<ForeignMetric, std::string>> choices(ForeignMetric) {
  return {{ForeignMetric::accuracy, "accuracy"}, {ForeignMetric::mean_per_class, "mean_per_class"}};
}

ForeignPredictions read_foreign_predictions(const std::vector<fs::path>& files, const ForeignQuestion& question) {
  return ForeignReader(files, question).read();
}

StudyOutcome outcome_of(const ForeignPredictions& predictions) {
  return outcome_of(predictions.design, predictions.cells, predictions.results,
                    [&](const std::string& hash) { return predictions.items.at(hash); });
}

void prepare_foreign_output(const fs::path& folder) {
  static const std::set<std::string> kOwn = {"report.html", "comparisons.csv", "table.csv", "table.md", "table.tex"};
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder, error))
    throw FileError("compare", "{} is a file; a comparison writes a folder. Choose another --output.",
                    printable(folder.string()));
  if (fs::is_directory(folder, error)) {
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (kOwn.count(entry.path().filename().string()) == 0)
        throw ConfigError("compare", "{} holds something else than a comparison: {}. Choose another --output.",
                          printable(folder.string()), printable(entry.path().filename().string()));
    }
  }
  fs::create_directories(folder, error);
  if (error) throw FileError("compare", "{} cannot be made: {}.", printable(folder.string()), error.message());
}

}  // namespace graft::study
