// Tables as text: CSV (RFC 4180: quotes, doubled quotes, line breaks inside quotes), TSV, and JSONL with one object a
// line, in any encoding that text/text_file.h reads. A CSV may be separated by ';', tabs or '|', as its first line shows
// (Excel's "sep=;" too). Cells are trimmed. Bytes in, views of nothing out: safe to run on anything.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace graft::data {

struct Table {
  struct Row {
    std::vector<std::string> cells;  // one a column; a JSONL object without the key has ""
    std::size_t line = 0;            // where the row begins, from 1
    std::map<std::size_t, std::string> not_text = {};  // cells of JSONL that are no text: column -> "a number", "a list"
  };
  std::string name;  // for errors
  std::vector<std::string> columns;
  std::vector<Row> rows;

  std::optional<std::size_t> column(std::string_view name) const;
  // Those called so without regard to case, blanks, '_' and '-': "Image Path" is image_path.
  std::vector<std::size_t> columns_like(std::string_view name) const;
};

enum class TableKind { csv, tsv, jsonl };
std::optional<TableKind> table_kind(const std::filesystem::path& file);  // by extension

// A DataError lists every malformed row as file:line (the first twenty).
Table parse_table(std::string_view bytes, TableKind kind, std::string_view name);
Table read_table(const std::filesystem::path& file);

}  // namespace graft::data
