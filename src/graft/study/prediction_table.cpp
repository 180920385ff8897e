#include "graft/study/prediction_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/data/problems.h"
#include "graft/data/table.h"
#include "graft/text/text_file.h"

namespace graft::study {
namespace {

namespace fs = std::filesystem;
using data::Problems;
using data::Table;
using ColumnNames = std::vector<const char*>;

constexpr size_t kShownNames = 8;
constexpr double kOfOne = 0.01;  // what rounded probabilities may lack to a sum of 1

// Upper case, '_', '-' and blanks make no difference.
const ColumnNames kIds = {"id",        "file",       "filename", "filepath", "path",   "image",   "image_id",
                          "imagepath", "image_file", "item",     "index",    "row_id", "example", "example_id"};
const ColumnNames kLabels = {"label", "target", "truth", "gold", "y_true", "true_label", "gt_label", "ground_truth"};
const ColumnNames kLabelsAlone = {"class", "category", "class_name"};  // in a file that has no predictions
const ColumnNames kPredictions = {"prediction",      "predicted", "pred",       "class",      "y_pred",
                                  "predicted_label", "output",    "pred_label", "pred_class", "predicted_class"};
const ColumnNames kProbabilities = {"probability", "confidence", "prob", "score", "pred_score"};
const ColumnNames kSplits = {"split"};
const ColumnNames kData = {"data"};
const ColumnNames kOwnScores = {"scores", "top"};  // of graft's predictions: say nothing that the others do not

enum class CellKind { empty, number, not_finite, text };

CellKind read_number(std::string_view text, double& value) {
  value = std::numeric_limits<double>::quiet_NaN();
  if (text.empty()) return CellKind::empty;
  if (text.front() == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return CellKind::text;
  return error == std::errc() && std::isfinite(value) ? CellKind::number : CellKind::not_finite;
}

std::string listed(const std::vector<std::string>& names) {
  std::vector<std::string> some;
  for (const auto& name : names) {
    if (some.size() == kShownNames) break;
    some.push_back(name.empty() ? "one without a name" : fmt::format("'{}'", printable(name)));
  }
  return fmt::format("{}{}", fmt::join(some, ", "),
                     names.size() > kShownNames ? fmt::format(" and {} more", names.size() - kShownNames) : "");
}

// A JSON list as the lines that the one reader of tables knows. What is nested is no cell, and may be most of the file.
std::string lines_of_list(const std::string& text, const std::string& name) {
  nlohmann::json list;
  try {
    list = nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    const auto read = text.begin() + static_cast<std::ptrdiff_t>(std::min(error.byte, text.size()));
    const bool nan = text.find("NaN") != std::string::npos || text.find("Infinity") != std::string::npos;
    throw DataError("compare", "{}:{}: no JSON{}.", name, 1 + std::count(text.begin(), read, '\n'),
                    nan ? ": NaN and Infinity are none" : "");
  } catch (const nlohmann::json::out_of_range&) {
    throw DataError("compare", "{}: holds a number that is beyond a double's range.", name);
  }
  if (!list.is_array()) {
    throw DataError("compare",
                    "{}: expected a list of objects, one an example, as in [{{\"id\": 1, \"label\": \"cat\", "
                    "\"prediction\": \"dog\"}}].",
                    name);
  }
  std::string lines;
  for (size_t i = 0; i < list.size(); ++i) {
    auto& one = list[i];
    if (!one.is_object()) throw DataError("compare", "{}, item {}: expected an object.", name, i + 1);
    for (auto& value : one) {
      const auto nested = [](const nlohmann::json& inner) { return inner.is_structured(); };
      if (value.is_object() || (value.is_array() && std::any_of(value.begin(), value.end(), nested))) value = nullptr;
    }
    lines += one.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    one = nullptr;
  }
  return lines;
}

class TableReader {
 public:
  TableReader(const fs::path& file, Holds holds) : holds_(holds), problems_(printable(file.string())) {
    out_.file = printable(file.string());
    auto extension = file.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    out_.is_list = extension == ".json";
    const auto kind = out_.is_list ? data::TableKind::jsonl : data::table_kind(file);
    if (!kind)
      throw DataError("compare", "{}: expected a .csv, .tsv, .jsonl or .json file, one row a test example.", out_.file);
    std::string text = text::read_text_file(file);
    if (out_.is_list) text = lines_of_list(text, out_.file);
    table_ = data::parse_table(text, *kind, out_.file);
    taken_.resize(table_.columns.size());
  }

  PredictionTable read() {
    refuse_shortened();
    const bool timm = holds_ == Holds::predictions && take_timm();
    if (!timm) {
      id_ = find("the example", kIds);
      label_ = find("the label", kLabels);
    }
    if (timm) {
      probability_ = find("the probability", kProbabilities);
    } else if (holds_ == Holds::predictions) {
      predicted_ = find("the prediction", kPredictions);
      probability_ = find("the probability", kProbabilities);
    } else if (!label_) {
      label_ = find("the label", kLabelsAlone);
    }
    split_ = find("the split", kSplits);
    data_ = find("the data set", kData);
    problems_.throw_if_any();
    for (const auto& note : table_.notes)
      out_.notes.push_back({note, true});
    if (holds_ == Holds::labels) {
      if (!label_) no_column("labels", kLabels, "");
    } else if (!predicted_) {
      find_scores();
      if (out_.score_names.empty()) no_column("predictions", kPredictions, ", or a column of numbers for each class");
      probability_ = {};
    }
    note_unknown();
    read_rows();
    problems_.throw_if_any();
    return std::move(out_);
  }

 private:
  using Column = std::optional<size_t>;

  Column find(const char* what, const ColumnNames& names) {
    std::vector<size_t> found;
    for (const auto* name : names) {
      for (const auto column : table_.columns_like(name)) {
        if (std::find(found.begin(), found.end(), column) == found.end()) found.push_back(column);
      }
    }
    if (found.empty()) return {};
    for (const auto column : found)
      taken_[column] = true;
    if (found.size() > 1) {
      std::vector<std::string> both;
      for (const auto column : found)
        both.push_back(table_.columns[column]);
      problems_.add("{} could be in several columns: {}. Keep one of them, or give the others other names.", what,
                    listed(both));
    }
    return found.front();
  }

  // The one column that is called exactly so, as a program calls it.
  Column exactly(const char* name) const { return table_.column(name); }

  // filename,index,label,prob of timm's inference.py: `index` is the class that was predicted, `label` its name, and
  // neither is the truth.
  bool take_timm() {
    const auto file = exactly("filename"), index = exactly("index"), label = exactly("label");
    const bool scored = exactly("prob") || exactly("logit");
    const size_t known = size_t{2} + (label ? 1 : 0) + (exactly("prob") ? 1 : 0) + (exactly("logit") ? 1 : 0);
    if (!file || !index || !(scored || label) || known != table_.columns.size()) return false;
    for (const auto& row : table_.rows) {
      if (!row.cells[*index].starts_with('[')) continue;
      problems_.add(
          "{}: '{}': holds several classes ('{}'), as with --topk: expected the first alone. Write it with --topk 1.",
          place(row), table_.columns[*index], printable(row.cells[*index].substr(0, 40)));
      break;
    }
    id_ = file;
    predicted_ = index;
    taken_[*file] = taken_[*index] = true;
    if (label) taken_[*label] = true;
    if (const auto logit = exactly("logit")) taken_[*logit] = true;
    out_.notes.push_back({fmt::format("{}: read as timm writes it: 'index' is the predicted class{}", out_.file,
                                      label ? ", 'label' its name" : ""),
                          true});
    return true;
  }

  // An array that NumPy printed with dots in place of most of it (huggingface/pytorch-image-models#2402): the numbers
  // are gone.
  void refuse_shortened() {
    for (const auto& row : table_.rows) {
      for (size_t c = 0; c < row.cells.size(); ++c) {
        const auto& cell = row.cells[c];
        if (!cell.starts_with('[') || !cell.ends_with(']') || cell.find(" ...") == std::string::npos) continue;
        throw DataError(
            "compare",
            "{}: '{}' holds an array that NumPy has shortened ('{}'): most of its numbers are not in the "
            "file. Write it anew with np.set_printoptions(threshold=sys.maxsize), or a column a class.",
            place(row), printable(table_.columns[c]),
            printable(cell.size() > 60 ? cell.substr(0, 28) + " ... " + cell.substr(cell.size() - 12) : cell));
      }
    }
  }

  [[noreturn]] void no_column(const char* of_what, const ColumnNames& names, const char* or_else) const {
    throw DataError("compare", "{}: no column of {}: expected {}{}; it has {}.", out_.file, of_what,
                    fmt::join(names, ", "), or_else, listed(table_.columns));
  }

  // Columns of numbers alone: what else stands in a row is no score.
  void find_scores() {
    for (size_t c = 0; c < table_.columns.size(); ++c) {
      if (taken_[c]) continue;
      bool any = false, all = true;
      for (const auto& row : table_.rows) {
        double value;
        const auto kind =
            row.not_text.count(c) > 0 && row.lists.count(c) > 0 ? CellKind::text : read_number(row.cells[c], value);
        any = any || kind == CellKind::number;
        all = all && kind != CellKind::text;
      }
      if (!any || !all) continue;
      taken_[c] = true;
      scores_.push_back(c);
      out_.score_names.push_back(table_.columns[c]);
    }
  }

  void note_unknown() {
    std::vector<std::string> unknown;
    for (size_t c = 0; c < table_.columns.size(); ++c) {
      const auto is = [&](const char* name) {
        const auto like = table_.columns_like(name);
        return std::find(like.begin(), like.end(), c) != like.end();
      };
      const bool own = predicted_ && std::any_of(kOwnScores.begin(), kOwnScores.end(), is);
      if (!taken_[c] && !own) unknown.push_back(table_.columns[c]);
    }
    if (!unknown.empty() && holds_ == Holds::predictions)
      out_.notes.push_back({fmt::format("{}: not read: {}", out_.file, listed(unknown)), false});
  }

  // Rows of one split: the test's where there are several.
  bool is_asked(const Table::Row& row, const std::string& split) {
    return split.empty() || row.cells[*split_] == split;
  }
  std::string split_of_rows() {
    if (!split_ || holds_ == Holds::labels) return "";
    std::set<std::string> all;
    for (const auto& row : table_.rows)
      all.insert(row.cells[*split_]);
    if (all.size() == 1) return *all.begin();
    if (all.count("test") == 0) {
      throw DataError("compare", "{}: rows of several splits ({}), none of them 'test'. Keep those that count.",
                      out_.file, listed({all.begin(), all.end()}));
    }
    all.erase("test");
    out_.notes.push_back({fmt::format("{}: rows of the split 'test' count; {} are left aside", out_.file,
                                      listed({all.begin(), all.end()})),
                          true});
    return "test";
  }

  const std::string& text_of(const Table::Row& row, size_t column, const char* what) {
    if (row.lists.count(column) > 0) {
      problems_.add("{}: '{}' is a list: expected one {} an example.", place(row), table_.columns[column], what);
    } else if (row.cells[column].empty()) {
      problems_.add("{}: no {} in '{}'.", place(row), what, printable(table_.columns[column]));
    }
    return row.cells[column];
  }

  void read_rows() {
    out_.has_ids = id_.has_value();
    out_.has_data = data_.has_value();
    out_.has_predictions = predicted_.has_value();
    out_.has_probabilities = probability_.has_value();
    out_.split = split_of_rows();
    // A test set without labels has null in each row.
    const auto labelled = [&](const Table::Row& row) {
      return !row.cells[*label_].empty() || row.lists.count(*label_) > 0;
    };
    out_.has_labels = label_ && std::any_of(table_.rows.begin(), table_.rows.end(), labelled);
    for (const auto& row : table_.rows) {
      if (!is_asked(row, out_.split)) continue;
      PredictionTable::Row one{.line = row.line};
      if (id_) one.id = text_of(row, *id_, "example");
      if (data_) one.data = text_of(row, *data_, "data set");
      if (out_.has_labels) one.label = text_of(row, *label_, "label");
      if (predicted_) one.predicted = text_of(row, *predicted_, "prediction");
      if (probability_ && read_number(row.cells[*probability_], one.probability) != CellKind::number) {
        problems_.add("{}: '{}': expected a number, got '{}'.", place(row), printable(table_.columns[*probability_]),
                      printable(row.cells[*probability_]));
      }
      for (const auto column : scores_)
        read_number(row.cells[column], out_.scores.emplace_back());
      out_.rows.push_back(std::move(one));
    }
    const bool shares = std::all_of(out_.rows.begin(), out_.rows.end(),
                                    [](const auto& row) { return row.probability >= 0 && row.probability <= 1; });
    if (out_.has_probabilities && problems_.empty() && !shares) {
      out_.has_probabilities = false;
      out_.notes.push_back({fmt::format("{}: '{}' goes beyond 0 to 1 and is no probability: no calibration of it",
                                        out_.file, printable(table_.columns[*probability_])),
                            false});
    }
  }

  std::string place(const Table::Row& row) const {
    PredictionTable::Row one;
    one.line = row.line;
    return out_.place(one);
  }

  Holds holds_;
  Problems problems_;
  Table table_;
  std::vector<bool> taken_;  // [columns] known
  Column id_, label_, predicted_, probability_, split_, data_;
  std::vector<size_t> scores_;
  PredictionTable out_;
};

// Whether the scores in these columns are probabilities: each row's sum is 1.
bool are_probabilities(const PredictionTable& table, const std::vector<size_t>& columns) {
  const size_t width = table.score_names.size();
  for (size_t r = 0; r < table.rows.size(); ++r) {
    double sum = 0;
    for (const auto column : columns) {
      const double score = table.scores[r * width + column];
      if (!(score >= 0 && score <= 1)) return false;
      sum += score;
    }
    if (std::abs(sum - 1) > kOfOne) return false;
  }
  return true;
}

// The columns that are classes: all, or those that labels name where these alone make up the whole of each row.
std::vector<size_t> class_columns(PredictionTable& table, const std::set<std::string>& labels) {
  std::vector<size_t> all, named;
  std::vector<std::string> others;
  std::set<std::string> missing = labels;
  for (size_t c = 0; c < table.score_names.size(); ++c) {
    all.push_back(c);
    missing.erase(table.score_names[c]);
    if (labels.count(table.score_names[c])) {
      named.push_back(c);
    } else {
      others.push_back(table.score_names[c]);
    }
  }
  if (!missing.empty()) {
    throw DataError(
        "compare",
        "{}: no column of predictions, and none of scores for the label{} {}; its columns of numbers are {}. "
        "Call them as the labels are called.",
        table.file, missing.size() == 1 ? "" : "s", listed({missing.begin(), missing.end()}),
        listed(table.score_names));
  }
  if (others.empty() || are_probabilities(table, all)) return all;
  if (!are_probabilities(table, named)) {
    throw DataError(
        "compare",
        "{}: no column of predictions; columns of numbers that no label is called by: {}. Are they classes? "
        "Take out what is none, or add a column 'prediction'.",
        table.file, listed(others));
  }
  table.notes.push_back({fmt::format("{}: not read: {}", table.file, listed(others)), false});
  return named;
}

}  // namespace

std::string PredictionTable::place(const Row& row) const {
  return is_list ? fmt::format("{}, item {}", file, row.line) : fmt::format("{}:{}", file, row.line);
}

PredictionTable read_prediction_table(const fs::path& file, Holds holds) {
  return TableReader(file, holds).read();
}

void predict_by_scores(PredictionTable& table, const std::set<std::string>& labels) {
  const auto columns = class_columns(table, labels);
  const size_t width = table.score_names.size();
  Problems problems(table.file);
  int64_t tied = 0;
  for (size_t r = 0; r < table.rows.size(); ++r) {
    const double* scores = table.scores.data() + r * width;
    size_t best = columns.front();
    for (const auto column : columns) {
      if (!std::isfinite(scores[column])) {
        problems.add("{}: '{}': expected a number, got none that is finite.", table.place(table.rows[r]),
                     printable(table.score_names[column]));
      }
      if (scores[column] > scores[best]) best = column;
    }
    const auto is_best = [&](size_t column) { return scores[column] == scores[best]; };
    tied += std::count_if(columns.begin(), columns.end(), is_best) > 1;
    table.rows[r].predicted = table.score_names[best];
    table.rows[r].probability = scores[best];
  }
  problems.throw_if_any();
  table.has_predictions = true;
  table.has_probabilities = are_probabilities(table, columns);
  table.notes.push_back(
      {fmt::format("{}: predictions are the columns with the largest of {} scores", table.file, columns.size()), true});
  if (tied > 0) {
    table.notes.push_back({fmt::format("{}: {} row{} with several largest scores: the first column counts", table.file,
                                       tied, tied == 1 ? "" : "s"),
                           true});
  }
  table.scores = {};
}

}  // namespace graft::study
