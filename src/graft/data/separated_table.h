// The rows of CSV and TSV: what separates the cells is seen from the first line, and whether quotes enclose cells from
// all of them, as table.h says.
#pragma once

#include <string_view>

#include "graft/data/problems.h"
#include "graft/data/table.h"

namespace graft::data {

// `text` is UTF-8 with '\n'.
Table parse_separated(std::string_view text, TableKind kind, std::string_view name, Header header, Problems& problems);

}  // namespace graft::data
