// A CSV, TSV or JSONL file with a photo a row, or a folder that holds exactly one. Photos are named relative to the
// table's folder. Columns are found by their usual names, or named by options.
#include "graft/data/table.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "graft/core/names.h"
#include "graft/data/format.h"
#include "graft/data/problems.h"

namespace graft::data::table {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kImageNames = {"file",      "image", "path",       "filename",  "filepath",
                                              "file_name", "img",   "image_path", "image_file"};
const std::vector<std::string> kLabelNames = {"label", "class", "category", "class_name", "classname", "target"};
const std::vector<std::string> kSplitNames = {"split", "subset", "partition", "set"};

// The table that `path` is or, as a folder, holds; empty when there is none or several.
fs::path table_file(const fs::path& path) {
  if (!fs::is_directory(path)) return table_kind(path) ? path : fs::path();
  fs::path found;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (!entry.is_regular_file() || !table_kind(entry.path())) continue;
    if (!found.empty()) return {};
    found = entry.path();
  }
  return found;
}

bool has_split_folder(const fs::path& path) {
  if (!fs::is_directory(path)) return false;
  return std::ranges::any_of(fs::directory_iterator(path), [](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    return entry.is_directory() && (is_split(name, "train") || is_split(name, "test"));
  });
}

bool recognises(const fs::path& path) {
  return !table_file(path).empty() && !has_split_folder(path);
}

// The column that the option names, or the first usual name that the table has.
std::optional<std::size_t> find_column(const Table& table, const std::string& option, const std::string& typed,
                                       const std::vector<std::string>& usual, bool required, Problems& problems) {
  if (!typed.empty()) {
    const auto found = table.column(typed);
    if (!found) problems.add("--{}: {}", option, unknown_name("column", typed, table.columns));
    return found;
  }
  for (const std::string& name : usual) {
    if (const auto found = table.column(name)) return found;
  }
  if (required) {
    problems.add("which column is it? Name it with --{}. Columns: {}.", option, fmt::join(table.columns, ", "));
  }
  return std::nullopt;
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  const fs::path file = table_file(path);
  if (file.empty()) {
    throw DataError("data", "{}: expected a .csv, .tsv or .jsonl file, or a folder with exactly one.", path.string());
  }
  const Table table = read_table(file);
  Problems problems(file.string());
  const auto image = find_column(table, "image-column", options.image_column, kImageNames, true, problems);
  const auto label = find_column(table, "label-column", options.label_column, kLabelNames, true, problems);
  const auto split = find_column(table, "split-column", options.split_column, kSplitNames, false, problems);
  problems.throw_if_any();

  std::vector<Record> records;
  for (const Table::Row& row : table.rows) {
    const std::string where = fmt::format("{}:{}", table.name, row.line);
    if (row.cells[*image].empty()) problems.add("{}: no file in the column '{}'.", where, table.columns[*image]);
    if (row.cells[*label].empty()) problems.add("{}: no class in the column '{}'.", where, table.columns[*label]);
    records.push_back({row.cells[*image], row.cells[*label], split ? row.cells[*split] : "", where});
  }
  problems.throw_if_any();
  const fs::path folder = fs::absolute(file).lexically_normal().parent_path();
  const std::string name = fs::is_directory(path) ? folder.filename().string() : file.stem().string();
  return assemble(file.has_parent_path() ? file.parent_path() : fs::path("."), name, std::move(records), options);
}

}  // namespace

extern const Format format;
const Format format = {"table", "CSV, TSV or JSONL with columns for file, class and perhaps split", recognises, open};

}  // namespace graft::data::table
