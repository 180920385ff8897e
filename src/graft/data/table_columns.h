// Which of a table's columns holds what: named by options, or found by their usual names, however these are written. A
// table with photos or clips is one of these, whatever texts stand beside them; with texts alone it is one of texts.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "graft/data/dataset.h"
#include "graft/data/problems.h"
#include "graft/data/table.h"

namespace graft::data {

struct Columns {
  Reads reads = Reads::photo;
  bool captions = false;                                 // `pair` is what is asked of a photo, and no class
  std::optional<std::size_t> input, pair, label, split;  // of a table without problems the first is there
  std::vector<std::size_t> marks = {};                   // of several label columns, one a class, all
  // Of a clip's span; the times of it in seconds from its start, or the numbers of frames from 0.
  std::optional<std::size_t> begin = {}, end = {};
  Span::Unit unit = Span::Unit::seconds;
  std::optional<std::size_t> group = {};
  std::vector<std::string> notes = {};  // what could be another column than was meant
};

// A missing label is no problem yet: another table may have it. `folder` is where photos that the table names would
// lie.
Columns find_columns(const Table& table, const std::filesystem::path& folder, const DatasetOptions& options,
                     Problems& problems);

// The same of a table that labels what stands elsewhere, a row each: the column that names it, its class and its split.
// All but the class may be missing.
Columns find_label_columns(const Table& table, const DatasetOptions& options, Problems& problems);

// Whether what is asked of a table is photos with their captions.
bool asks_captions(const DatasetOptions& options);

// Says that no column was found that `option` could name.
void ask_for_column(const Table& table, const std::string& option, Problems& problems);

// Whether the options name columns by their numbers, from 1, as one does where no line names them.
bool names_columns_by_number(const Table& table, const DatasetOptions& options);

}  // namespace graft::data
