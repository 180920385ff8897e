// One file of predictions, or of labels, that any program wrote: a row a test example. CSV, TSV, JSON lines (graft's
// own predictions.jsonl among them) or a JSON list of objects. Columns are known by the names that people give them,
// however these are written; two that could be the same one are refused, one that nobody knows is noted. Names of
// classes and numbers of classes are texts alike: which number is which name is never guessed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "graft/core/log.h"

namespace graft::study {

struct PredictionTable {
  struct Row {
    std::string id = {}, data = {}, label = {}, predicted = {};  // empty where there is no such column
    double probability = 0;                                      // of what was predicted
    size_t line = 0;                                             // of the file; of a JSON list the object's number
  };
  std::string file;  // for messages
  bool is_list = false;
  bool has_ids = false, has_data = false, has_labels = false, has_predictions = false, has_probabilities = false;
  std::string split;  // of all rows; empty where nothing is said
  std::vector<Row> rows;
  // Columns of numbers that nothing else is known of: where there is no column of predictions, a class's scores each.
  std::vector<std::string> score_names;
  std::vector<double> scores;  // [rows, score_names]; NaN for an empty cell
  std::vector<Note> notes;     // how it was read

  std::string place(const Row& row) const;  // "a.csv:5"
};

enum class Holds { predictions, labels };
// FileError or DataError for what is no such table, with all that is wrong of it.
PredictionTable read_prediction_table(const std::filesystem::path& file, Holds holds);

// Where a file has no predictions but a class's scores in a column each: the largest counts, of equal ones the first.
// `labels` are those that occur: each must have its column. DataError for scores that are no numbers.
void predict_by_scores(PredictionTable& table, const std::set<std::string>& labels);

}  // namespace graft::study
