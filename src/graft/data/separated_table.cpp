#include "graft/data/separated_table.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "graft/text/text_file.h"

namespace graft::data {
namespace {

// How cells stand in a text.
struct Layout {
  char separator;
  bool quotes;          // a cell may be quoted
  std::size_t line;     // the text's first
  bool lines_are_rows;  // a quoted cell may not run over a line's end and a separator
};

void add_cell(Table::Row& row, std::string written) {
  row.cells.emplace_back(text::trimmed(written));
  if (row.cells.back().size() != written.size()) row.untrimmed.emplace(row.cells.size() - 1, std::move(written));
}

// Reads records one by one and counts lines; a record may hold line breaks inside quotes.
class Records {
 public:
  Records(std::string_view text, Layout layout, Problems& problems, std::string_view name)
      : text_(text),
        layout_(layout),
        separator_(layout.separator),
        problems_(problems),
        name_(name),
        line_(layout.line) {}

  bool next(Table::Row& row) {
    while (at_ < text_.size()) {
      row = {};
      row.line = line_;
      const bool good = read(row);
      const bool blank = std::ranges::all_of(row.cells, [](const std::string& cell) { return cell.empty(); });
      if (good && !blank) return true;
    }
    return false;
  }

 private:
  bool at_line_end() const { return at_ == text_.size() || text_[at_] == '\n'; }

  void pass_line_end() {
    if (at_ < text_.size()) ++at_;
    ++line_;
  }

  void pass_blanks() {
    while (at_ < text_.size() && text_[at_] != separator_ && (text_[at_] == ' ' || text_[at_] == '\t'))
      ++at_;
  }

  bool read(Table::Row& row) {
    const std::size_t begin = line_;
    bool good = true;
    for (;;) {
      std::string cell;
      const std::size_t from = at_;
      pass_blanks();
      if (layout_.quotes && at_ < text_.size() && text_[at_] == '"') {
        good = quoted(cell, begin) && good;
      } else {
        while (!at_line_end() && text_[at_] != separator_)
          ++at_;
        cell = text_.substr(from, at_ - from);
      }
      add_cell(row, std::move(cell));
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
    if (layout_.lines_are_rows && cell.find('\n') != std::string::npos && cell.find(separator_) != std::string::npos) {
      problems_.add(
          "{}:{}: a quote is opened, and closed only in line {}, behind tabs. Is it a character of the text? "
          "Then each line must have as many cells as the first. Cells that do hold tabs and line ends are read from "
          "CSV.",
          name_, begin, line_);
      return false;
    }
    pass_blanks();
    if (at_line_end() || text_[at_] == separator_) return true;
    problems_.add("{}:{}: text follows a closing quote. A quote inside a quoted cell is written twice.", name_, line_);
    while (!at_line_end() && text_[at_] != separator_)
      ++at_;
    return false;
  }

  std::string_view text_;
  Layout layout_;
  char separator_;
  Problems& problems_;
  std::string_view name_;
  std::size_t at_ = 0;
  std::size_t line_;
};

// What separates the cells, by the first line that is not blank: Excel's "sep=;", which is then taken off, or the usual
// character that stands there outside quotes, the kind's own before others.
char find_separator(std::string_view& text, char own) {
  const std::string_view first = text.substr(std::min(text.find_first_not_of('\n'), text.size()));
  const std::string_view line = text::trimmed(first.substr(0, first.find('\n')));
  if (line.size() == 5 && (line.starts_with("sep=") || line.starts_with("SEP="))) {
    text = {line.data() + line.size(), text.data() + text.size()};
    return line[4];
  }
  bool quoted = false;
  std::map<char, int> counts;
  for (const char c : first) {
    if (c == '\n' && !quoted) break;
    if (c == '"') quoted = !quoted;
    if (!quoted) ++counts[c];
  }
  for (const char candidate : {own, ';', '\t', ',', '|'}) {
    if (counts[candidate] > 0) return candidate;
  }
  return own;
}

// A cell in quotes, each quote inside it doubled.
bool is_quoted_cell(std::string_view cell) {
  if (cell.size() < 2 || cell.back() != '"') return false;
  const std::string_view inside = cell.substr(1, cell.size() - 2);
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '"' && (++i == inside.size() || inside[i] != '"')) return false;
  }
  return true;
}

// Whether each line has as many cells as the first, and a quote opens one of them without closing it.
bool quotes_are_text(std::string_view text) {
  std::ptrdiff_t first = -1;
  bool open = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (text::trimmed(line).empty()) continue;
    const auto cells = 1 + std::ranges::count(line, '\t');
    if (first < 0) first = cells;
    if (cells != first) return false;
    for (std::ptrdiff_t i = 0; i < cells; ++i) {
      const std::size_t tab = std::min(line.find('\t'), line.size());
      const std::string_view cell = text::trimmed(line.substr(0, tab));
      line.remove_prefix(std::min(tab + 1, line.size()));
      open = open || (cell.starts_with('"') && !is_quoted_cell(cell));
    }
  }
  return open;
}

}  // namespace

Table parse_separated(std::string_view text, TableKind kind, std::string_view name, Header header, Problems& problems) {
  Table table{.name = std::string(name), .columns = {}, .rows = {}};
  const std::string_view whole = text;
  const bool tsv = kind == TableKind::tsv;
  const char separator = find_separator(text, tsv ? '\t' : ',');
  const auto passed = whole.substr(0, whole.size() - text.size());
  Layout layout{separator, /*quotes=*/true, 1 + static_cast<std::size_t>(std::ranges::count(passed, '\n')), tsv};
  if (tsv && separator == '\t' && quotes_are_text(text)) {
    layout.quotes = false;
    table.notes.push_back(
        fmt::format("{}: quotes are read as characters of the text: they enclose no cells", table.name));
  }
  Records records(text, layout, problems, table.name);
  Table::Row row;
  if (!records.next(row)) return table;
  table.columns = row.cells;
  if (header == Header::none) {
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      table.columns[i] = std::to_string(i + 1);
    table.rows.push_back(row);
  }
  std::set<std::string> seen;
  for (const std::string& column : table.columns) {
    if (!seen.insert(column).second && !column.empty())
      problems.add("{}:{}: the column '{}' stands twice.", table.name, row.line, column);
  }
  while (records.next(row)) {
    if (row.cells.size() != table.columns.size()) {
      problems.add("{}:{}: expected {} cells, got {}.", table.name, row.line, table.columns.size(), row.cells.size());
    } else {
      table.rows.push_back(row);
    }
  }
  return table;
}

}  // namespace graft::data
