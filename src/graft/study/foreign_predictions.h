// Outputs that graft did not make, compared as a study is: each file is one run's predictions of the same test
// examples. Nothing is guessed: what names an example in one file names it in all, a label is the text that stands
// there, and examples, labels or runs that do not fit each other are refused by name.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/log.h"
#include "graft/core/options.h"
#include "graft/study/outcome.h"
#include "graft/study/run_result.h"

namespace graft::study {

enum class ForeignMetric { accuracy, mean_per_class };
std::vector<std::pair<ForeignMetric, std::string>> choices(ForeignMetric);

// What is asked of others' predictions; a study's file says it of a study.
struct ForeignQuestion {
  std::string labels = {};
  ForeignMetric metric = ForeignMetric::accuracy;
  std::string against = {};
  std::optional<double> margin = {};
};
template <class Visitor>
void fields(Visitor& visit, ForeignQuestion& q) {
  visit("labels", q.labels, "the table with the test examples' labels, where those files have none");
  visit("metric", q.metric, "score that decides; mean_per_class is over the classes that occur");
  visit("against", q.against, "method that the others are compared with (default: each with each)");
  visit("margin", q.margin, "points within which a difference does not matter; then equality can be shown");
}

struct ForeignPredictions {
  Design design;
  std::vector<Cell> cells = {};
  std::map<Cell, RunResult> results = {};
  std::map<std::string, Items> items = {};  // by their hash
  std::string said = {};                    // what was read and how runs pair, in a line
  std::vector<Note> notes = {};
};

// `files`: of predictions, or folders with a predictions.jsonl. ConfigError, FileError or DataError for what cannot be
// compared.
ForeignPredictions read_foreign_predictions(const std::vector<std::filesystem::path>& files,
                                            const ForeignQuestion& question);
StudyOutcome outcome_of(const ForeignPredictions& predictions);

// Made where there is none. ConfigError for a folder that holds other things than an earlier comparison's.
void prepare_foreign_output(const std::filesystem::path& folder);

}  // namespace graft::study
