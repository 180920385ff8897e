// CSV, TSV and JSONL files with a photo, a text or a clip a row: one file, a folder that holds exactly one, or a folder
// that holds one a split (train.tsv, dev.tsv, ...: GLUE's, and what Hugging Face's datasets writes). Photos and clips
// are named relative to the table's folder; of a clip a span may be told (start, end; start_frame, end_frame). Columns
// are found by their usual names, however they are written, or named by options.
#include "graft/data/table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/listing.h"
#include "graft/data/numbers.h"
#include "graft/data/problems.h"
#include "graft/data/table_columns.h"
#include "graft/data/table_targets.h"

namespace graft::data::table {
namespace {

namespace fs = std::filesystem;

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

std::set<std::string> folders_of_photos(const Walk& walk) {
  std::set<std::string> tops;
  for (const std::string& photo : walk.files) {
    if (const auto slash = photo.find('/'); slash != std::string::npos) tops.insert(photo.substr(0, slash));
  }
  return tops;
}

// Whether a table that lies beside folders of photos is what they are described by; a DataError where it is one reading
// of two.
bool describes(const fs::path& file, const fs::path& folder) {
  const Walk walk = walk_photos(folder);
  const std::set<std::string> tops = folders_of_photos(walk);
  if (tops.size() < 2) return true;
  std::set<std::string> named, named_tops;
  try {
    const Table table = read_table(file);
    Problems problems(file.string());
    const Columns columns = find_columns(table, folder, {}, problems);
    // What graft itself says of photos is no data set.
    if (!problems.empty() || !columns.label || table.column("predicted")) return false;
    for (const Table::Row& row : table.rows) {
      named.insert(plain_path(file_of(row.cells[*columns.input], folder)));
    }
  } catch (const DataError&) {
    return false;
  }
  std::size_t covered = 0;
  for (const std::string& photo : walk.files) {
    if (!named.contains(photo)) continue;
    ++covered;
    named_tops.insert(photo.substr(0, photo.find('/')));
  }
  const bool absolute = std::ranges::all_of(named, [](const std::string& one) { return one.starts_with('/'); });
  if (covered == 0) return absolute;
  if (covered == walk.files.size() || named_tops.size() == 1) return true;
  throw DataError("data",
                  "{}: holds both a table, {}, which names {} of the {} photos, and class folders ({}, ...). Name one "
                  "with --format table or --format image-folder.",
                  folder.string(), file.filename().string(), covered, walk.files.size(), *tops.begin());
}

// A table with the split that its file's name gives it, where it lies beside others.
struct File {
  fs::path path;
  std::string split = {};
};

// The tables of a folder that has several, one of which is called as the split to train on; nothing else is taken for
// splits.
std::vector<File> split_tables(const fs::path& folder, const DatasetOptions& options) {
  std::vector<File> files;
  std::set<std::string> names;
  for (const fs::path& path : tables_in(folder)) {
    files.push_back({path, path.stem().string()});
    names.insert(files.back().split);
  }
  const SplitNames splits(names, options);
  const bool trains = std::ranges::any_of(
      names, [&](const std::string& name) { return std::ranges::count(splits.of(name), Split::train) > 0; });
  return files.size() > 1 && trains ? files : std::vector<File>{};
}

bool recognises(const fs::path& path) {
  const fs::path file = table_file(path);
  if (!file.empty()) return !fs::is_directory(path) || describes(file, path);
  return fs::is_directory(path) && !split_tables(path, {}).empty() && folders_of_photos(walk_photos(path)).size() < 2;
}

// A table that was read, and what its columns are.
struct Part {
  std::string split = {};  // by its file's name
  Table table;
  Columns columns = {};

  LabelColumn labels() const { return {&table, *columns.label, columns.marks}; }
};

Part read_part(const File& file, const DatasetOptions& options, Problems& problems) {
  Part part{.split = file.split, .table = {}};
  bool numbered = names_columns_by_number({}, options);
  if (numbered) {
    part.table = read_table(file.path, Header::none);
    // A column may be called by a number.
    numbered = names_columns_by_number({.name = "", .columns = part.table.rows.front().cells, .rows = {}}, options);
  }
  if (!numbered) part.table = read_table(file.path);
  part.columns = find_columns(part.table, file.path.parent_path(), options, problems);
  return part;
}

// A cell that must be text.
void check_cell(const Table& table, const Table::Row& row, std::size_t column, std::string_view what,
                const std::string& where, Problems& problems) {
  const std::string& name = table.columns[column];
  if (const auto odd = row.not_text.find(column); odd != row.not_text.end()) {
    problems.add("{}: '{}': expected text, got {}.", where, name, odd->second);
  } else if (row.cells[column].empty()) {
    problems.add("{}: no {} in the column '{}'.", where, what, name);
  }
}

// The span that a row's cells say; empty ones are the clip's start and end.
std::optional<Span> span_of(const Part& part, const Table::Row& row, const std::string& where, Problems& problems) {
  Span span{.unit = part.columns.unit};
  const auto read = [&](std::size_t column) -> std::optional<double> {
    const std::string& cell = row.cells[column];
    const auto value = number_from_zero(cell);
    const bool whole = span.unit == Span::Unit::seconds || (value && *value == std::floor(*value));
    if (value && whole) return value;
    problems.add("{}: '{}' is \"{}\": expected {}.", where, part.table.columns[column], cell,
                 span.unit == Span::Unit::seconds ? "seconds" : "a frame's number");
    return std::nullopt;
  };
  const auto given = [&](const std::optional<std::size_t>& column) { return column && !row.cells[*column].empty(); };
  if (!given(part.columns.begin) && !given(part.columns.end)) return std::nullopt;
  if (given(part.columns.begin)) span.begin = read(*part.columns.begin).value_or(0);
  if (given(part.columns.end)) span.end = read(*part.columns.end);
  if (span.end && *span.end <= span.begin)
    problems.add("{}: the span ends at {}, where it begins at {}.", where, *span.end, span.begin);
  return span;
}

void read_rows(const Part& part, const fs::path& root, const TargetReader& targets, std::vector<Record>& records,
               Problems& problems) {
  const auto& [reads, captions, input, pair, label, split, marks, begin, end, unit, group, notes] = part.columns;
  const bool files = reads != Reads::text;
  for (const Table::Row& row : part.table.rows) {
    Record record{.input = files ? file_of(row.cells[*input], root) : row.written(*input),
                  .split = split ? row.cells[*split] : part.split,
                  .where = fmt::format("{}:{}", part.table.name, row.line)};
    check_cell(part.table, row, *input, files ? "file" : "text", record.where, problems);
    if (pair) check_cell(part.table, row, *pair, files ? "caption" : "second text", record.where, problems);
    if (pair) record.pair = row.written(*pair);
    if (group) check_cell(part.table, row, *group, "group", record.where, problems);
    if (group) record.group = row.cells[*group];
    if (begin) record.span = span_of(part, row, record.where, problems);
    if (!captions) targets.read(part.labels(), row, record, problems);
    if (split && row.not_text.contains(*split)) check_cell(part.table, row, *split, "split", record.where, problems);
    records.push_back(std::move(record));
  }
}

// The same photo in several rows.
std::string repeated_note(const std::vector<Record>& records, const std::string& table) {
  std::set<std::tuple<std::string, std::string, std::string>> rows;
  std::size_t repeated = 0;
  std::string first;
  for (const Record& record : records) {
    if (record.span || rows.emplace(plain_path(record.input), record.label + record.pair, record.split).second)
      continue;
    if (repeated++ == 0) first = record.where;
  }
  if (repeated == 0) return "";
  return fmt::format("{}: {} {} stand there already, word for word ({}): each is used as often as it stands", table,
                     repeated, repeated == 1 ? "row" : "rows", first);
}

// The files that `path` means; DataError where that cannot be told.
std::vector<File> files_of(const fs::path& path, const DatasetOptions& options) {
  if (const fs::path file = table_file(path); !file.empty()) return {{file}};
  std::vector<std::string> tables;
  if (fs::is_directory(path)) {
    if (auto files = split_tables(path, options); !files.empty()) return files;
    for (const fs::path& one : tables_in(path))
      tables.push_back(one.filename().string());
  }
  throw DataError("data",
                  "{}: expected a .csv, .tsv or .jsonl file, or a folder with exactly one or with one a split{}.",
                  path.string(), tables.empty() ? "" : fmt::format(". It holds {}: name one", fmt::join(tables, ", ")));
}

// Several files by what becomes of them.
struct Chosen {
  std::vector<File> used;
  std::vector<std::string> left;
};

// Those that a split is read from; the others are left, and said.
Chosen choose(std::vector<File> files, const DatasetOptions& options, Problems& problems) {
  if (files.size() == 1) return {std::move(files), {}};
  std::set<std::string> names;
  for (const File& file : files) {
    if (!names.insert(file.split).second)
      problems.add("{}: another table has the same name, '{}'.", file.path.filename().string(), file.split);
  }
  const SplitNames splits(names, options);
  Chosen chosen;
  for (File& file : files) {
    if (!splits.of(file.split).empty()) {
      chosen.used.push_back(std::move(file));
    } else if (const auto trouble = splits.trouble(file.split); is_usual_split(file.split) && !trouble.empty()) {
      problems.add("{}", trouble);
    } else {
      chosen.left.push_back(file.path.filename().string());
    }
  }
  return chosen;
}

// All tables read, their columns known and of one kind.
std::vector<Part> read_parts(const std::vector<File>& files, const DatasetOptions& options, Problems& problems) {
  std::vector<Part> parts;
  for (const File& file : files)
    parts.push_back(read_part(file, options, problems));
  const bool labelled = std::ranges::any_of(parts, [](const Part& part) { return part.columns.label.has_value(); });
  for (const Part& part : parts) {
    if (part.columns.captions) continue;
    if (part.columns.reads != parts.front().columns.reads)
      problems.add("{} holds other things than {}: photos or texts?", part.table.name, parts.front().table.name);
    if (!labelled && options.label_column.empty()) ask_for_column(part.table, "label-column", problems);
    if (labelled && !part.columns.label)
      problems.add(
          "{} has no classes. Where a test set is published without them, another split may be tested on: "
          "--test-split dev.",
          part.table.name);
  }
  problems.throw_if_any();
  return parts;
}

// What had to be assumed while the parts were read.
std::vector<std::string> notes_of(const std::vector<Part>& parts, const TargetReader& targets) {
  std::vector<std::string> notes;
  for (const Part& part : parts) {
    notes.insert(notes.end(), part.table.notes.begin(), part.table.notes.end());
    notes.insert(notes.end(), part.columns.notes.begin(), part.columns.notes.end());
  }
  notes.insert(notes.end(), targets.notes().begin(), targets.notes().end());
  return notes;
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  const std::vector<File> files = files_of(path, options);
  const fs::path& file = files.front().path;
  const bool folder = fs::is_directory(path), several = files.size() > 1;
  Listing listing{
      .subject = fmt::format("{} (read as table; --format names another)", (several ? path : file).string()),
      .root = file.has_parent_path() ? file.parent_path() : fs::path("."),
      .name = folder ? fs::absolute(file).lexically_normal().parent_path().filename().string() : file.stem().string(),
      .records = {}};
  Problems problems(listing.subject);
  const Chosen chosen = choose(files, options, problems);
  const std::vector<Part> parts = read_parts(chosen.used, options, problems);
  listing.reads = parts.front().columns.reads;

  DatasetOptions told = options;
  if (listing.reads != Reads::text) told.target = Target::label;
  const bool captions = parts.front().columns.captions;
  std::vector<LabelColumn> labels;
  for (const Part& part : parts) {
    if (captions) continue;
    labels.push_back(part.labels());
    for (const std::size_t mark : part.columns.marks)
      listing.more_classes.push_back(part.table.columns[mark]);
  }
  if (!listing.more_classes.empty() && options.target.value_or(Target::labels) != Target::labels)
    problems.add("--label-column {}: several columns are several classes, --label-kind labels.", options.label_column);
  const TargetReader targets(labels, told);
  listing.target = captions ? Target::caption : targets.target();
  for (const Part& part : parts)
    read_rows(part, listing.root, targets, listing.records, problems);
  if (listing.reads == Reads::text && listing.target == Target::label)
    refuse_unlabelled_splits(listing.records, problems);
  problems.throw_if_any();

  std::vector<std::string> notes = notes_of(parts, targets);
  const std::string repeated =
      listing.reads == Reads::photo ? repeated_note(listing.records, parts.front().table.name) : "";
  if (!repeated.empty()) notes.insert(notes.begin(), repeated);
  Dataset dataset = assemble(std::move(listing), options);
  if (!several) dataset.source = file;
  if (folder && !several) dataset.remarks.insert(dataset.remarks.begin(), "table " + file.filename().string());
  if (!chosen.left.empty()) dataset.remarks.push_back(fmt::format("left: {}", fmt::join(chosen.left, ", ")));
  dataset.notes.insert(dataset.notes.end(), notes.begin(), notes.end());
  return dataset;
}

}  // namespace

extern const Format format;
const Format format = {"table", "CSV, TSV or JSONL with columns for file or text, class or caption, and perhaps split",
                       recognises, open};

}  // namespace graft::data::table
