// Which of a table's columns holds what: named by options, or found by their usual names, however these are written. A
// table with photos is one of photos, whatever texts stand beside them; with texts alone it is one of texts.
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
  std::optional<std::size_t> input, pair, label, split;  // of a table without problems the first and third are there
  std::vector<std::string> notes = {};                   // what could be another column than was meant
};

// `folder` is where photos that the table names would lie.
Columns find_columns(const Table& table, const std::filesystem::path& folder, const DatasetOptions& options,
                     Problems& problems);

// Whether the options name columns by their numbers, from 1, as one does where no line names them.
bool names_columns_by_number(const Table& table, const DatasetOptions& options);

}  // namespace graft::data
