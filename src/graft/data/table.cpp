#include "graft/data/table.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>

#include "graft/data/problems.h"
#include "graft/data/separated_table.h"
#include "graft/text/text_file.h"

namespace graft::data {
namespace {

using nlohmann::json;

std::string kind_of(const json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number()) return "the number " + value.dump();
  if (value.is_array()) return "a list";
  return "an object";
}

// A scalar as text; what is nested is no cell and reads as empty, and so does null.
std::string cell_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number()) return value.dump();
  return "";
}

Table parse_jsonl(std::string_view text, std::string_view name, Problems& problems) {
  Table table{.name = std::string(name), .columns = {}, .rows = {}};
  std::map<std::string, std::size_t> place;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const json object = json::parse(one, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) {
      const bool nan = one.find("NaN") != std::string_view::npos || one.find("Infinity") != std::string_view::npos;
      problems.add("{}:{}: expected one JSON object, as {{\"file\": \"a.jpg\", \"label\": \"cat\"}}{}.", table.name,
                   line, nan ? ": NaN and Infinity are no JSON" : "");
      continue;
    }
    Table::Row row{std::vector<std::string>(table.columns.size()), line};
    for (const auto& [written, value] : object.items()) {
      const std::string key(text::trimmed(written));
      const auto [found, is_new] = place.try_emplace(key, table.columns.size());
      if (is_new) {
        table.columns.push_back(key);
        row.cells.emplace_back();
      }
      const std::string text = cell_text(value);
      row.cells[found->second] = text::trimmed(text);
      if (row.cells[found->second].size() != text.size()) row.untrimmed[found->second] = text;
      if (value.is_array() && std::ranges::none_of(value, [](const json& one) { return one.is_structured(); })) {
        for (const json& one : value)
          row.lists[found->second].push_back(std::string(text::trimmed(cell_text(one))));
        row.lists.try_emplace(found->second);
      }
      if (!value.is_string() && !value.is_null()) row.not_text[found->second] = kind_of(value);
    }
    table.rows.push_back(std::move(row));
  }
  for (auto& row : table.rows)
    row.cells.resize(table.columns.size());
  return table;
}

}  // namespace

const std::string& Table::Row::written(std::size_t column) const {
  const auto found = untrimmed.find(column);
  return found == untrimmed.end() ? cells[column] : found->second;
}

std::optional<std::size_t> Table::column(std::string_view wanted) const {
  const auto found = std::ranges::find(columns, wanted);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

std::vector<std::size_t> Table::columns_like(std::string_view wanted) const {
  const auto plain = [](std::string_view name) {
    std::string out;
    for (const unsigned char c : name) {
      if (c != ' ' && c != '_' && c != '-') out += static_cast<char>(std::tolower(c));
    }
    return out;
  };
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (plain(columns[i]) == plain(wanted)) found.push_back(i);
  }
  return found;
}

std::optional<TableKind> table_kind(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
  if (extension == ".csv") return TableKind::csv;
  if (extension == ".tsv") return TableKind::tsv;
  if (extension == ".jsonl" || extension == ".ndjson") return TableKind::jsonl;
  return std::nullopt;
}

namespace {

Table parse_decoded(std::string_view text, TableKind kind, std::string_view name, Header header) {
  Problems problems{std::string(name)};
  Table table = kind == TableKind::jsonl ? parse_jsonl(text, name, problems)
                                         : parse_separated(text, kind, name, header, problems);
  if (problems.empty() && table.rows.empty()) problems.add("the table has no rows.");
  problems.throw_if_any();
  return table;
}

}  // namespace

Table parse_table(std::string_view bytes, TableKind kind, std::string_view name, Header header) {
  return parse_decoded(text::decode_text(bytes, name), kind, name, header);
}

Table read_table(const std::filesystem::path& file, Header header) {
  const auto kind = table_kind(file);
  if (!kind) throw DataError("data", "{}: expected a .csv, .tsv or .jsonl file.", file.string());
  return parse_decoded(text::read_text_file(file), *kind, file.filename().string(), header);
}

}  // namespace graft::data
