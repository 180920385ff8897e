#include "graft/study/matched_examples.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/data/numbers.h"
#include "graft/data/problems.h"

namespace graft::study {
namespace {

using data::Problems;
using Example = MatchedExamples::Example;

constexpr size_t kFirst = 3;
constexpr const char* kOnlyData = "test";  // where no column names data sets

// The rows of a file by example, data set by data set.
struct Examples {
  std::vector<std::string> data;                        // in the order of their first rows
  std::map<std::string, std::vector<std::string>> ids;  // of each data set, in the file's order
  MatchedExamples::Rows rows;
};

// Without ids a row is known by its place.
Examples examples_of(const PredictionTable& table, bool has_data, const std::string& only_data, Problems& problems) {
  Examples examples;
  for (size_t r = 0; r < table.rows.size(); ++r) {
    const auto& row = table.rows[r];
    const std::string& set = has_data ? row.data : only_data;
    auto& ids = examples.ids[set];
    if (ids.empty()) examples.data.push_back(set);
    const std::string id = table.has_ids ? row.id : fmt::format("row {}", ids.size() + 1);
    const auto [before, is_new] = examples.rows.try_emplace({set, id}, r);
    ids.push_back(id);
    if (!is_new) {
      problems.add("{}: '{}' is there twice, before in {}.", table.place(row), printable(id),
                   table.place(table.rows[before->second]));
    }
  }
  return examples;
}

std::vector<std::string> lacking(const Examples& all, const Examples& other, const std::string& set) {
  std::vector<std::string> lacks;
  for (const auto& id : all.ids.at(set)) {
    if (other.rows.count({set, id}) == 0) lacks.push_back(id);
  }
  return lacks;
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

class Matcher {
 public:
  Matcher(const std::vector<PredictionTable>& tables, const std::optional<PredictionTable>& labels)
      : tables_(tables), labels_(labels) {}

  MatchedExamples match() {
    check_columns();
    Problems twice("predictions");
    for (const auto& table : tables_)
      examples_.push_back(examples_of(table, table.has_data, only_data(), twice));
    twice.throw_if_any();
    check_examples();
    find_labels();
    for (const auto& [example, label] : label_of_) {
      out_.labels.emplace(example, label.text);
      out_.classes.insert(label.text);
    }
    out_.data = examples_.front().data;
    out_.ids = examples_.front().ids;
    for (auto& examples : examples_)
      out_.rows.push_back(std::move(examples.rows));
    return std::move(out_);
  }

 private:
  std::string only_data() const { return split_.empty() ? kOnlyData : split_; }

  // Files that name examples, data sets or splits in different ways have no examples in common.
  void check_columns() {
    const auto& first = tables_.front();
    const auto check = [&](const PredictionTable& table, bool has, bool first_has, const char* what) {
      if (has == first_has) return;
      throw DataError("compare", "{} has a column that names the {}, and {} has none. Give all of them one, or none.",
                      has ? table.file : first.file, what, has ? first.file : table.file);
    };
    for (const auto& table : tables_) {
      check(table, table.has_ids, first.has_ids, "examples");
      check(table, table.has_data, first.has_data, "data sets");
      if (table.split.empty()) continue;
      if (split_.empty()) split_ = table.split;
      if (table.split != split_) {
        throw DataError("compare",
                        "{} is of the split '{}', and another file of '{}'. Compare predictions of one split.",
                        table.file, printable(table.split), printable(split_));
      }
    }
    if (labels_) check(*labels_, labels_->has_ids, first.has_ids, "examples");
    if (!first.has_ids)
      out_.notes.push_back(
          {"no column names the examples: the first row of one file is the first of the others", true});
  }

  void check_examples() {
    Problems problems("predictions");
    const auto& first = examples_.front();
    for (size_t t = 1; t < tables_.size(); ++t) {
      const auto& other = examples_[t];
      if (sorted(other.data) != sorted(first.data)) {
        problems.add("{} is of the data sets {}, {} of {}.", tables_.front().file, first_of(sorted(first.data)),
                     tables_[t].file, first_of(sorted(other.data)));
        continue;
      }
      for (const auto& set : first.data) {
        const auto one = lacking(first, other, set), two = lacking(other, first, set);
        if (one.empty() && two.empty()) continue;
        const auto of_set = tables_.front().has_data ? fmt::format(" of '{}'", printable(set)) : "";
        if (!tables_.front().has_ids) {
          problems.add("{} has {}{}, {} has {:L}. Without a column that names the examples rows must pair.",
                       tables_.front().file, counted(first.ids.at(set).size(), "row"), of_set, tables_[t].file,
                       other.ids.at(set).size());
          continue;
        }
        if (!one.empty())
          problems.add("{} lacks {}{} that {} has: {}.", tables_[t].file, counted(one.size(), "example"), of_set,
                       tables_.front().file, first_of(one));
        if (!two.empty())
          problems.add("{} lacks {}{} that {} has: {}.", tables_.front().file, counted(two.size(), "example"), of_set,
                       tables_[t].file, first_of(two));
      }
    }
    problems.throw_if_any();
  }

  // From the file of labels, and from all files that have them: they must say the same.
  void find_labels() {
    struct Source {
      const PredictionTable* table;
      const Examples* examples;
    };
    std::vector<Source> sources;
    std::optional<Examples> of_labels;
    const bool by_data = labels_ && labels_->has_data && tables_.front().has_data;
    if (labels_) {
      Problems twice(labels_->file);
      of_labels = examples_of(*labels_, by_data, only_data(), twice);
      twice.throw_if_any();
      sources.push_back({&*labels_, &*of_labels});
    }
    for (size_t t = 0; t < tables_.size(); ++t) {
      if (tables_[t].has_labels) sources.push_back({&tables_[t], &examples_[t]});
    }
    if (sources.empty())
      throw DataError("compare",
                      "none of the files has labels: expected a column label, target, truth, gold or y_true. "
                      "Give --labels FILE, a table of examples and their labels.");
    Problems problems("labels");
    const auto& sets = examples_.front();
    for (const auto& [table, examples] : sources) {
      const bool is_file = labels_ && table == &*labels_;
      size_t used = 0, others = 0;
      std::string other;
      std::vector<std::string> lacks;
      for (const auto& set : sets.data) {
        for (const auto& id : sets.ids.at(set)) {
          const auto found = examples->rows.find({is_file && !by_data ? only_data() : set, id});
          if (found == examples->rows.end()) {
            lacks.push_back(id);
            continue;
          }
          ++used;
          const auto& row = table->rows[found->second];
          const auto [before, is_new] = label_of_.try_emplace({set, id}, Label{row.label, table, found->second});
          if (is_new || before->second.text == row.label) continue;
          if (others++ == 0) {
            const auto& old = before->second;
            const bool words = are_numbers({old.text}) != are_numbers({row.label});
            other = fmt::format("'{}' is '{}' in {} and '{}' in {}{}", printable(id), printable(old.text),
                                old.table->place(old.table->rows[old.row]), printable(row.label), table->place(row),
                                words ? ": one file has names, the other numbers, and which is which is not said" : "");
          }
        }
      }
      if (!lacks.empty())
        problems.add("{} has no label for {} of the predictions: {}.", table->file, counted(lacks.size(), "example"),
                     first_of(lacks));
      if (others > 0) problems.add("{} with other labels in two files: {}.", counted(others, "example"), other);
      if (is_file && used < table->rows.size() && !table->has_ids)
        problems.add("{} has {:L} rows for {:L} predictions. Without a column that names the examples rows must pair.",
                     table->file, table->rows.size(), used);
      if (is_file && used < table->rows.size())
        out_.notes.push_back(
            {fmt::format("{}: {} without predictions", table->file, counted(table->rows.size() - used, "label")),
             false});
    }
    problems.throw_if_any();
  }

  struct Label {
    std::string text;
    const PredictionTable* table;
    size_t row;
  };

  const std::vector<PredictionTable>& tables_;
  const std::optional<PredictionTable>& labels_;
  std::string split_;               // of all tables that say one
  std::vector<Examples> examples_;  // of each table
  std::map<Example, Label> label_of_;
  MatchedExamples out_;
};

}  // namespace

std::string first_of(const std::vector<std::string>& names) {
  std::vector<std::string> some;
  for (size_t i = 0; i < std::min(names.size(), kFirst); ++i)
    some.push_back(fmt::format("'{}'", printable(names[i])));
  return fmt::format("{}{}", fmt::join(some, ", "),
                     names.size() > kFirst ? fmt::format(" and {:L} more", names.size() - kFirst) : "");
}

bool are_numbers(const std::set<std::string>& names) {
  return std::all_of(names.begin(), names.end(),
                     [](const std::string& name) { return data::whole_number(name).has_value(); });
}

std::string counted(size_t count, const char* one) {
  return fmt::format("{:L} {}{}", count, one, count == 1 ? "" : "s");
}

MatchedExamples match_examples(const std::vector<PredictionTable>& tables,
                               const std::optional<PredictionTable>& labels) {
  return Matcher(tables, labels).match();
}

}  // namespace graft::study
