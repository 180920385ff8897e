#include "graft/data/table.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "graft/data/problems.h"

namespace graft::data {
namespace {

using nlohmann::json;

// Reads records one by one and counts lines; a record may hold line breaks inside quotes.
class Records {
 public:
  Records(std::string_view text, char separator, Problems& problems, std::string_view name)
      : text_(text), separator_(separator), problems_(problems), name_(name) {}

  bool next(Table::Row& row) {
    while (at_ < text_.size()) {
      row.line = line_;
      row.cells.clear();
      const bool good = read(row.cells);
      const bool blank = row.cells.size() == 1 && row.cells[0].empty();
      if (good && !blank) return true;
    }
    return false;
  }

 private:
  bool at_line_end() const { return at_ == text_.size() || text_[at_] == '\n' || text_[at_] == '\r'; }

  void pass_line_end() {
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') ++at_;
    ++line_;
  }

  bool read(std::vector<std::string>& cells) {
    const std::size_t begin = line_;
    bool good = true;
    for (;;) {
      cells.emplace_back();
      if (at_ < text_.size() && text_[at_] == '"') {
        good = quoted(cells.back(), begin) && good;
      } else {
        while (!at_line_end() && text_[at_] != separator_)
          cells.back() += text_[at_++];
      }
      if (at_line_end()) break;
      ++at_;  // the separator
    }
    pass_line_end();
    return good;
  }

  // Ends behind the closing quote, at a separator or line end.
  bool quoted(std::string& cell, std::size_t begin) {
    ++at_;
    for (;;) {
      if (at_ == text_.size()) {
        problems_.add("{}:{}: a quote is opened and never closed.", name_, begin);
        return false;
      }
      const char c = text_[at_++];
      if (c == '"') {
        if (at_ == text_.size() || text_[at_] != '"') break;
        ++at_;
      }
      if (c == '\n') ++line_;
      cell += c;
    }
    if (at_line_end() || text_[at_] == separator_) return true;
    problems_.add("{}:{}: text follows a closing quote. A quote inside a quoted cell is written twice.", name_, line_);
    while (!at_line_end() && text_[at_] != separator_)
      ++at_;
    return false;
  }

  std::string_view text_;
  char separator_;
  Problems& problems_;
  std::string_view name_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

void read_separated(std::string_view text, char separator, Table& table, Problems& problems) {
  Records records(text, separator, problems, table.name);
  Table::Row row;
  if (!records.next(row)) return;
  table.columns = row.cells;
  std::set<std::string> seen;
  for (const std::string& column : table.columns) {
    if (!seen.insert(column).second) problems.add("{}:{}: the column '{}' stands twice.", table.name, row.line, column);
  }
  while (records.next(row)) {
    if (row.cells.size() != table.columns.size()) {
      problems.add("{}:{}: expected {} cells, got {}.", table.name, row.line, table.columns.size(), row.cells.size());
    } else {
      table.rows.push_back(row);
    }
  }
}

// A scalar as text; what is nested is no cell and reads as empty.
std::string cell_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number()) return value.dump();
  return "";
}

void read_jsonl(std::string_view text, Table& table, Problems& problems) {
  std::map<std::string, std::size_t> place;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const json object = json::parse(one, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) {
      problems.add("{}:{}: expected one JSON object, as {{\"file\": \"a.jpg\", \"label\": \"cat\"}}.", table.name,
                   line);
      continue;
    }
    Table::Row row{std::vector<std::string>(table.columns.size()), line};
    for (const auto& [key, value] : object.items()) {
      const auto [found, is_new] = place.try_emplace(key, table.columns.size());
      if (is_new) {
        table.columns.push_back(key);
        row.cells.emplace_back();
      }
      row.cells[found->second] = cell_text(value);
    }
    table.rows.push_back(std::move(row));
  }
  for (auto& row : table.rows)
    row.cells.resize(table.columns.size());
}

}  // namespace

std::optional<std::size_t> Table::column(std::string_view wanted) const {
  const auto found = std::ranges::find(columns, wanted);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

std::optional<TableKind> table_kind(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
  if (extension == ".csv") return TableKind::csv;
  if (extension == ".tsv") return TableKind::tsv;
  if (extension == ".jsonl") return TableKind::jsonl;
  return std::nullopt;
}

Table parse_table(std::string_view text, TableKind kind, std::string_view name) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Table table{std::string(name), {}, {}};
  Problems problems(table.name);
  if (kind == TableKind::jsonl) {
    read_jsonl(text, table, problems);
  } else {
    read_separated(text, kind == TableKind::csv ? ',' : '\t', table, problems);
  }
  if (problems.empty() && table.rows.empty()) problems.add("the table has no rows.");
  problems.throw_if_any();
  return table;
}

Table read_table(const std::filesystem::path& file) {
  const auto kind = table_kind(file);
  if (!kind) throw DataError("data", "{}: expected a .csv, .tsv or .jsonl file.", file.string());
  std::ifstream in(file, std::ios::binary);
  if (!in) throw FileError("data", "{}: cannot be opened.", file.string());
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return parse_table(text, *kind, file.filename().string());
}

}  // namespace graft::data
