// Features that any program made, as feature_file.h reads them, with the class of each row: of --labels, of the file
// itself, or by the rows' names, where these are files in class folders.
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "graft/data/feature_file.h"
#include "graft/data/format.h"
#include "graft/data/listing.h"
#include "graft/data/problems.h"
#include "graft/data/table.h"
#include "graft/data/table_columns.h"

namespace graft::data::features {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNamesShown = 3;

bool recognises(const fs::path& path) {
  std::error_code error;
  return is_feature_file(path) && fs::is_regular_file(path, error);
}

std::string first_of(const std::vector<std::string>& names) {
  const std::vector<std::string> shown(names.begin(), names.begin() + std::min(names.size(), kNamesShown));
  return fmt::format("'{}'{}", fmt::join(shown, "', '"), names.size() > kNamesShown ? ", ..." : "");
}

// Classes and splits of a table by the rows' names, or, where one of both has no names, row by row.
class TableLabels {
 public:
  TableLabels(const Table& table, const DatasetOptions& options, Problems& problems)
      : table_(table), columns_(find_label_columns(table, options, problems)), problems_(problems) {
    problems.throw_if_any();
  }

  void add_to(FeatureFile& file, std::vector<std::string>& remarks) {
    file.labels.clear();
    if (columns_.split) file.splits.clear();
    if (columns_.input && !file.ids.empty()) return by_name(file, remarks);
    if (static_cast<std::int64_t>(table_.rows.size()) != file.rows.count) {
      problems_.add("{} has {} rows for {} rows of features, and {} no names to go by.", table_.name,
                    table_.rows.size(), file.rows.count, columns_.input ? "these have" : "it has");
      return;
    }
    for (const auto& row : table_.rows) {
      if (columns_.input) file.ids.push_back(row.cells[*columns_.input]);
      take(row, file);
    }
  }

 private:
  void by_name(FeatureFile& file, std::vector<std::string>& remarks) {
    std::map<std::string, const Table::Row*> rows;
    for (const auto& row : table_.rows) {
      if (!rows.emplace(row.cells[*columns_.input], &row).second)
        problems_.add("{}:{}: '{}' stands there twice.", table_.name, row.line, row.cells[*columns_.input]);
    }
    std::vector<std::string> missing;
    for (const auto& id : file.ids) {
      const auto found = rows.find(id);
      if (found == rows.end()) {
        missing.push_back(id);
      } else {
        take(*found->second, file);
      }
    }
    if (!missing.empty()) {
      problems_.add("{} of {} rows of features are not in {}: {}; it has {}.", missing.size(), file.ids.size(),
                    table_.name, first_of(missing),
                    rows.empty() ? "no rows" : fmt::format("'{}', ...", rows.begin()->first));
    } else if (rows.size() > file.ids.size()) {
      remarks.push_back(
          fmt::format("left: {} rows of {} without features", rows.size() - file.ids.size(), table_.name));
    }
  }

  void take(const Table::Row& row, FeatureFile& file) {
    const auto& label = row.cells[*columns_.label];
    if (label.empty())
      problems_.add("{}:{}: no class in the column '{}'.", table_.name, row.line, table_.columns[*columns_.label]);
    file.labels.push_back(label);
    if (columns_.split) file.splits.push_back(row.cells[*columns_.split]);
  }

  const Table& table_;
  Columns columns_;
  Problems& problems_;
};

// "train/cat/1.jpg": the class and perhaps the split, where all names have the one form.
void labels_of_names(FeatureFile& file) {
  std::vector<std::string> labels, splits;
  for (const auto& id : file.ids) {
    const fs::path folder = fs::path(id).parent_path(), above = folder.parent_path();
    if (folder.filename().empty()) return;
    labels.push_back(folder.filename().string());
    if (is_usual_split(above.filename().string())) splits.push_back(above.filename().string());
  }
  if (!splits.empty() && splits.size() != labels.size()) return;
  file.labels = std::move(labels);
  file.splits = std::move(splits);
}

void refuse_names_given_twice(const FeatureFile& file, Problems& problems) {
  std::set<std::string> seen;
  for (const auto& id : file.ids) {
    if (!seen.insert(id).second) problems.add("two rows have the name '{}'.", id);
  }
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  if (fs::is_directory(path) || !fs::exists(path))
    throw DataError("data", "{}: expected a file of features: .npy, .npz or .safetensors.", path.string());
  auto file = read_feature_file(path);
  Listing listing = empty_listing(path, "features", Reads::features);
  Problems problems(listing.subject);
  std::vector<std::string> remarks;
  if (!options.labels.empty() && table_kind(options.labels)) {
    TableLabels(read_table(options.labels), options, problems).add_to(file, remarks);
  } else if (!options.labels.empty()) {
    if (fs::path(options.labels).extension() != ".npy")
      throw DataError("data", "--labels {}: expected a .csv, .tsv, .jsonl or .npy file.", options.labels);
    file.labels = read_npy_texts(options.labels);
    if (static_cast<std::int64_t>(file.labels.size()) != file.rows.count)
      problems.add("{} has {} labels for {} rows of features.", options.labels, file.labels.size(), file.rows.count);
  } else if (file.labels.empty() && !file.ids.empty()) {
    labels_of_names(file);
  }
  if (problems.empty() && file.labels.empty())
    problems.add("no row has a class. Give --labels a table with a column 'label' (and 'split'), or a .npy.");
  refuse_names_given_twice(file, problems);
  problems.throw_if_any();
  for (std::int64_t i = 0; i < file.rows.count; ++i) {
    const auto place = static_cast<std::size_t>(i);
    listing.records.push_back({.input = file.ids.empty() ? std::to_string(i) : file.ids[place],
                               .label = file.labels[place],
                               .split = file.splits.empty() ? "" : file.splits[place],
                               .where = fmt::format("row {}", i),
                               .row = i});
  }
  Dataset dataset = assemble(std::move(listing), options);
  if (const auto count = file.rows.class_count(); count > 0 && count != std::ssize(dataset.classes))
    throw DataError("data", "{}: class_features has {} rows for the {} classes {}.", path.string(), count,
                    dataset.classes.size(), first_of(dataset.classes));
  if (!file.unknown.empty())
    dataset.notes.push_back(fmt::format("{} holds {} beside the features: not known here, and left", path.string(),
                                        fmt::join(file.unknown, ", ")));
  dataset.features = std::make_shared<const FeatureRows>(std::move(file.rows));
  dataset.remarks.insert(dataset.remarks.end(), remarks.begin(), remarks.end());
  return dataset;
}

}  // namespace

extern const Format format;
const Format format = {"features", "a .npy, .npz or .safetensors of features that any program made, with --labels",
                       recognises, open};

}  // namespace graft::data::features
