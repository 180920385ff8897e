#include "graft/data/table_targets.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "graft/text/text_file.h"

namespace graft::data {
namespace {

std::optional<double> number_in(std::string_view cell) {
  if (cell.starts_with('+')) cell.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (cell.empty() || error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

bool is_no_number(std::string cell) {
  std::ranges::transform(cell, cell.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::array<std::string_view, 8> kWords = {"nan",  "-nan",     "inf",       "-inf",
                                                      "+inf", "infinity", "-infinity", "<na>"};
  return std::ranges::find(kWords, cell) != kWords.end();
}

bool is_score(const Table& table, std::size_t column) {
  for (const char* name : {"score", "similarity"}) {
    const auto found = table.columns_like(name);
    if (std::ranges::find(found, column) != found.end()) return true;
  }
  return false;
}

// A list as JSON, Python and NumPy write it: ["a", "b"], ['a', 'b'], [0 2]; none where the brackets or quotes do not
// close.
std::optional<std::vector<std::string>> list_in(std::string_view cell) {
  if (!cell.starts_with('[') || !cell.ends_with(']')) return std::nullopt;
  cell = cell.substr(1, cell.size() - 2);
  std::vector<std::string> items;
  const auto separates = [](char c) { return c == ',' || c == ' ' || c == '\t' || c == '\n'; };
  while (!cell.empty()) {
    if (separates(cell.front())) {
      cell.remove_prefix(1);
      continue;
    }
    const char quote = cell.front() == '"' || cell.front() == '\'' ? cell.front() : '\0';
    std::string item;
    std::size_t i = quote != '\0';
    for (; i < cell.size() && (quote != '\0' ? cell[i] != quote : !separates(cell[i])); ++i) {
      if (cell[i] == '\\' && i + 1 < cell.size()) ++i;
      item += cell[i];
    }
    if (quote != '\0' && i++ == cell.size()) return std::nullopt;
    cell.remove_prefix(i);
    items.push_back(std::move(item));
  }
  return items;
}

// The classes whose columns hold a 1.
void read_marks(const LabelColumn& from, const Table::Row& row, Record& record, Problems& problems) {
  constexpr std::array<std::string_view, 5> kYes = {"1", "1.0", "true", "True", "TRUE"},
                                            kNo = {"0", "0.0", "false", "False", "FALSE"};
  for (const std::size_t column : from.marks) {
    const std::string& cell = row.cells[column];
    if (std::ranges::find(kYes, cell) != kYes.end()) {
      record.labels.push_back(from.table->columns[column]);
    } else if (std::ranges::find(kNo, cell) == kNo.end()) {
      problems.add("{}: '{}': expected 0 or 1, got '{}'.", record.where, from.table->columns[column], cell);
    }
  }
}

}  // namespace

TargetReader::TargetReader(const std::vector<LabelColumn>& labels, const DatasetOptions& options)
    : separators_(options.label_separator.empty() ? ";|" : options.label_separator),
      one_separator_(!options.label_separator.empty()) {
  see(labels);
  if (!options.target || (!labels.empty() && !labels.front().marks.empty())) return;
  target_ = *options.target;
  notes_.clear();
}

void TargetReader::see(const std::vector<LabelColumn>& labels) {
  std::size_t numbers = 0, words = 0;
  bool lists = false, fractions = false, score = false, unlabelled = false;
  double lowest = 0;
  std::set<double> distinct;
  for (const auto& [table, column, marks] : labels) {
    score = score || is_score(*table, column);
    for (const Table::Row& row : table->rows) {
      const std::string& cell = row.cells[column];
      lists = lists || row.lists.contains(column);
      if (const auto number = number_in(cell)) {
        ++numbers;
        fractions = fractions || *number != std::floor(*number);
        unlabelled = unlabelled || *number == -1;
        lowest = std::min(lowest, *number);
        if (distinct.size() < 3) distinct.insert(*number);
      } else if (!cell.empty() && !is_no_number(cell)) {
        ++words;
      }
    }
  }
  numbers_ = numbers > 0 && words == 0;
  if (labels.empty()) return;
  if (!labels.front().marks.empty()) {
    target_ = Target::labels;
    return;
  }
  const auto note = [&](std::string_view what, std::string_view way) {
    notes_.push_back(fmt::format("{}: {} are read from the column '{}': {}", labels.front().table->name, what,
                                 labels.front().table->columns[labels.front().column], way));
  };
  if (lists) {
    target_ = Target::labels;
    note("several classes of each text", "it holds lists");
  } else if (numbers_ && (fractions || score)) {
    target_ = Target::value;
    note("numbers", "--label-kind label reads classes");
  } else if (numbers_ && unlabelled && distinct.size() > 2 && lowest == -1) {
    notes_.push_back(fmt::format("{}: -1 is a class here; in Hugging Face's data sets it marks what nobody labelled",
                                 labels.front().table->name));
  }
}

void TargetReader::read(const LabelColumn& from, const Table::Row& row, Record& record, Problems& problems) const {
  if (!from.marks.empty()) return read_marks(from, row, record, problems);
  const auto& [table, column, marks] = from;
  const std::string &cell = row.cells[column], &name = table->columns[column];
  const auto list = row.lists.find(column);
  const auto odd = row.not_text.find(column);
  if (target_ == Target::labels && list != row.lists.end()) {
    record.labels = list->second;
    if (std::ranges::any_of(record.labels, [](const auto& one) { return one.empty(); }))
      problems.add("{}: a class without a name in the column '{}'.", record.where, name);
    return;
  }
  if (odd != row.not_text.end() && cell.empty()) {
    problems.add("{}: '{}': expected {}, got {}.", record.where, name,
                 target_ == Target::value ? "a number" : "text or a number", odd->second);
    return;
  }
  if (cell.empty()) {
    problems.add("{}: no {} in the column '{}'{}.", record.where, target_ == Target::value ? "number" : "class", name,
                 target_ == Target::labels ? "; [] says that a text has none" : "");
    return;
  }
  if (target_ == Target::value) {
    const auto number = number_in(cell);
    record.value = static_cast<float>(number.value_or(0));
    if (!number || !std::isfinite(record.value))
      problems.add("{}: '{}': expected a number, got '{}'.", record.where, name, cell);
  } else if (target_ == Target::label) {
    if (numbers_ && is_no_number(cell))
      problems.add("{}: '{}': expected a class, got '{}' among numbers.", record.where, name, cell);
    record.label = cell;
  } else if (const auto items = list_in(cell)) {
    record.labels = *items;
  } else {
    std::string_view rest = cell;
    for (bool more = true; more;) {
      const std::size_t end = one_separator_ ? rest.find(separators_) : rest.find_first_of(separators_);
      more = end != std::string_view::npos;
      const std::string_view one = text::trimmed(rest.substr(0, end));
      if (!one.empty()) record.labels.emplace_back(one);
      if (more) rest.remove_prefix(end + (one_separator_ ? separators_.size() : 1));
    }
  }
}

void refuse_unlabelled_splits(const std::vector<Record>& records, Problems& problems) {
  std::map<std::string, bool> labelled;
  for (const Record& record : records)
    labelled[record.split] = labelled[record.split] || record.label != "-1";
  if (std::ranges::none_of(labelled, [](const auto& split) { return split.second; })) return;
  for (const auto& [split, has] : labelled) {
    if (!has)
      problems.add(
          "the split '{}' has no classes: each is -1, as Hugging Face marks what nobody labelled. --test-split "
          "names another to test on.",
          split);
  }
}

}  // namespace graft::data
