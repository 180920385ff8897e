// Any bytes as CSV, TSV and JSONL: a table whose rows all have one cell a column, or a DataError; never a crash.
// Needs src/graft/data/table.cpp, the text room and fmt.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "graft/core/error.h"
#include "graft/data/table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace graft::data;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  for (const TableKind kind : {TableKind::csv, TableKind::tsv, TableKind::jsonl}) {
    try {
      const Table table = parse_table(text, kind, "fuzz");
      std::size_t line = 0;
      for (const Table::Row& row : table.rows) {
        if (row.cells.size() != table.columns.size() || row.line <= line) std::abort();
        line = row.line;
      }
    } catch (const graft::DataError&) {
    }
  }
  return 0;
}
