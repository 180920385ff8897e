// A CSV, TSV or JSONL file with a photo a row, or a folder that holds exactly one. Photos are named relative to the
// table's folder. Columns are found by their usual names, however they are written, or named by options.
#include "graft/data/table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "graft/core/names.h"
#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/problems.h"

namespace graft::data::table {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kImageNames = {"file",      "image",      "path",     "filename", "filepath", "img",
                                              "imagepath", "imagefile",  "imagename", "imgpath",  "imgname",  "photo",
                                              "picture",   "imagefilename"};
const std::vector<std::string> kLabelNames = {"label",  "class",  "category",  "classname", "labelname",
                                              "target", "labels", "classlabel"};
const std::vector<std::string> kSplitNames = {"split", "subset", "partition", "set", "fold"};

// The tables that lie in a folder.
std::vector<fs::path> tables_in(const fs::path& folder) {
  auto files = files_in(folder);
  std::erase_if(files, [](const fs::path& file) { return !table_kind(file); });
  return files;
}

// The table that `path` is or, as a folder, holds; empty when there is none or several.
fs::path table_file(const fs::path& path) {
  if (!fs::is_directory(path)) return table_kind(path) ? path : fs::path();
  const auto tables = tables_in(path);
  return tables.size() == 1 ? tables.front() : fs::path();
}

// The column that the option names, or the first usual name that the table has.
std::optional<std::size_t> find_column(const Table& table, const std::string& option, const std::string& typed,
                                       const std::vector<std::string>& usual, bool required, Problems& problems) {
  const auto one_of = [&](const std::vector<std::size_t>& found) {
    if (found.size() > 1) {
      problems.add("the columns '{}' and '{}' could both be meant: rename one, or name it exactly with --{}.",
                   table.columns[found[0]], table.columns[found[1]], option);
    }
    return found.front();
  };
  if (!typed.empty()) {
    if (const auto exact = table.column(typed)) return exact;
    if (const auto found = table.columns_like(typed); !found.empty()) return one_of(found);
    problems.add("--{}: {}", option, unknown_name("column", typed, table.columns));
    return std::nullopt;
  }
  for (const std::string& name : usual) {
    if (const auto found = table.columns_like(name); !found.empty()) return one_of(found);
  }
  if (required) {
    const bool headless = std::ranges::any_of(table.columns, [](const auto& name) { return is_photo_name(name); });
    problems.add("which column is it? Name it with --{}. Columns: {}.{}", option, fmt::join(table.columns, ", "),
                 headless ? " The first line must name the columns." : "");
  }
  return std::nullopt;
}

struct Columns {
  std::optional<std::size_t> image, label, split;
};

Columns find_columns(const Table& table, const DatasetOptions& options, Problems& problems) {
  Columns columns;
  columns.image = find_column(table, "image-column", options.image_column, kImageNames, true, problems);
  columns.label = find_column(table, "label-column", options.label_column, kLabelNames, true, problems);
  if (options.split_column != "none" || table.column("none"))
    columns.split = find_column(table, "split-column", options.split_column, kSplitNames, false, problems);
  return columns;
}

// A path as Windows writes it names the same file here, if there is no other.
std::string file_of(const std::string& cell, const fs::path& folder) {
  if (cell.find('\\') == std::string::npos) return cell;
  std::error_code error;
  if (fs::exists(folder / cell, error)) return cell;
  std::string slashed = cell;
  std::ranges::replace(slashed, '\\', '/');
  return slashed;
}

std::string plain_path(const std::string& file) {
  return fs::path(file).lexically_normal().generic_string();
}

// Whether a table that lies beside folders of photos is what they are described by; a DataError where it is one reading
// of two.
bool describes(const fs::path& file, const fs::path& folder) {
  const Walk walk = walk_photos(folder);
  std::set<std::string> tops;
  for (const std::string& photo : walk.photos) {
    if (const auto slash = photo.find('/'); slash != std::string::npos) tops.insert(photo.substr(0, slash));
  }
  if (tops.size() < 2) return true;
  std::set<std::string> named, named_tops;
  try {
    const Table table = read_table(file);
    Problems problems(file.string());
    const Columns columns = find_columns(table, {}, problems);
    // What graft itself says of photos is no data set.
    if (!problems.empty() || table.column("predicted")) return false;
    for (const Table::Row& row : table.rows) {
      named.insert(plain_path(file_of(row.cells[*columns.image], folder)));
    }
  } catch (const DataError&) {
    return false;
  }
  std::size_t covered = 0;
  for (const std::string& photo : walk.photos) {
    if (!named.contains(photo)) continue;
    ++covered;
    named_tops.insert(photo.substr(0, photo.find('/')));
  }
  const bool absolute = std::ranges::all_of(named, [](const std::string& one) { return one.starts_with('/'); });
  if (covered == 0) return absolute;
  if (covered == walk.photos.size() || named_tops.size() == 1) return true;
  throw DataError("data",
                  "{}: holds both a table, {}, which names {} of the {} photos, and class folders ({}, ...). Name one "
                  "with --format table or --format image-folder.",
                  folder.string(), file.filename().string(), covered, walk.photos.size(), *tops.begin());
}

bool recognises(const fs::path& path) {
  const fs::path file = table_file(path);
  return !file.empty() && (!fs::is_directory(path) || describes(file, path));
}

// A cell that must be text; numbers and truth values may name a class.
void check_cell(const Table& table, const Table::Row& row, std::size_t column, bool scalar, std::string_view what,
                const std::string& where, Problems& problems) {
  const std::string& name = table.columns[column];
  const auto odd = row.not_text.find(column);
  if (odd != row.not_text.end() && !(scalar && !row.cells[column].empty())) {
    problems.add("{}: '{}': expected text{}, got {}.", where, name, scalar ? " or a number" : "", odd->second);
  } else if (row.cells[column].empty()) {
    problems.add("{}: no {} in the column '{}'.", where, what, name);
  }
}

// What could be another column than was meant is said.
std::string column_note(const Table& table, const Columns& columns) {
  std::vector<std::string> others;
  const auto look = [&](const std::vector<std::string>& usual, std::optional<std::size_t> taken) {
    for (const std::string& name : usual) {
      for (const std::size_t column : table.columns_like(name)) {
        if (taken && column != *taken) others.push_back(table.columns[column]);
      }
    }
  };
  look(kLabelNames, columns.label);
  look(kSplitNames, columns.split);
  if (others.empty()) return "";
  return fmt::format("{}: classes are read from the column '{}'{}, not from: {}", table.name,
                     table.columns[*columns.label],
                     columns.split ? fmt::format(" and splits from '{}'", table.columns[*columns.split]) : "",
                     fmt::join(others, ", "));
}

// The same photo in several rows.
std::string repeated_note(const std::vector<Record>& records, const std::string& table) {
  std::set<std::tuple<std::string, std::string, std::string>> rows;
  std::size_t repeated = 0;
  std::string first;
  for (const Record& record : records) {
    if (rows.emplace(plain_path(record.file), record.label, record.split).second) continue;
    if (repeated++ == 0) first = record.where;
  }
  if (repeated == 0) return "";
  return fmt::format("{}: {} {} stand there already, word for word ({}): each is used as often as it stands", table,
                     repeated, repeated == 1 ? "row" : "rows", first);
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  const fs::path file = table_file(path);
  if (file.empty()) {
    std::vector<std::string> tables;
    if (fs::is_directory(path)) {
      for (const fs::path& one : tables_in(path))
        tables.push_back(one.filename().string());
    }
    throw DataError("data", "{}: expected a .csv, .tsv or .jsonl file, or a folder with exactly one{}.", path.string(),
                    tables.empty() ? "" : fmt::format(". It holds {}: name one", fmt::join(tables, ", ")));
  }
  const Table table = read_table(file);
  const std::string subject = fmt::format("{} (read as table; --format names another)", file.string());
  Problems problems(subject);
  const auto [image, label, split] = find_columns(table, options, problems);
  problems.throw_if_any();

  const fs::path root = file.has_parent_path() ? file.parent_path() : fs::path(".");
  std::vector<Record> records;
  for (const Table::Row& row : table.rows) {
    const std::string where = fmt::format("{}:{}", table.name, row.line);
    check_cell(table, row, *image, false, "file", where, problems);
    check_cell(table, row, *label, true, "class", where, problems);
    if (split && row.not_text.contains(*split)) check_cell(table, row, *split, false, "split", where, problems);
    records.push_back({file_of(row.cells[*image], root), row.cells[*label], split ? row.cells[*split] : "", where});
  }
  problems.throw_if_any();
  const std::string repeated = repeated_note(records, table.name);
  const fs::path folder = fs::absolute(file).lexically_normal().parent_path();
  const std::string name = fs::is_directory(path) ? folder.filename().string() : file.stem().string();
  Dataset dataset = assemble(root, name, std::move(records), options);
  dataset.source = file;
  if (fs::is_directory(path)) dataset.remarks.insert(dataset.remarks.begin(), "table " + table.name);
  for (const std::string& note : {repeated, column_note(table, {image, label, split})}) {
    if (!note.empty()) dataset.notes.push_back(note);
  }
  return dataset;
}

}  // namespace

extern const Format format;
const Format format = {"table", "CSV, TSV or JSONL with columns for file, class and perhaps split", recognises, open};

}  // namespace graft::data::table
