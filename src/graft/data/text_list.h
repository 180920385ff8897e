// Texts without regard to what they say: the lines of a file or of standard input, the files of a folder, a table's
// rows.
#pragma once

#include <string>
#include <vector>

#include "graft/data/dataset.h"

namespace graft::data {

// "-" is standard input, a text a line; x.txt a text a line; a folder a text a file (.txt below it); a CSV, TSV or
// JSONL a text a row, in the columns that `options` names or the usual ones. Blank lines are left out. Without labels:
// each is -1. DataError for nothing.
std::vector<Sample> list_texts(const std::vector<std::string>& words, const DatasetOptions& options);

}  // namespace graft::data
