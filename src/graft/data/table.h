// Tables as text: CSV (RFC 4180: quotes, doubled quotes, line breaks inside quotes), TSV, and JSONL with one object a
// line, in any encoding that text/text_file.h reads. A CSV may be separated by ';', tabs or '|', as its first line
// shows (Excel's "sep=;" too). Cells are trimmed, and kept as they were beside that. A TSV whose lines are rows as they
// stand, and whose quotes enclose no cells (GLUE's), has its quotes as text. Bytes in, views of nothing out: safe to
// run on anything.
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
    std::map<std::size_t, std::string> not_text =
        {};  // cells of JSONL that are no text: column -> "a number", "a list"
    std::map<std::size_t, std::string> untrimmed = {};           // cells that had white space round them, with it
    std::map<std::size_t, std::vector<std::string>> lists = {};  // cells of JSONL that are lists of scalars

    const std::string& written(std::size_t column) const;  // untrimmed
  };
  std::string name;  // for errors
  std::vector<std::string> columns;
  std::vector<Row> rows;
  std::vector<std::string> notes = {};  // how it was read, where that may be another way than was meant

  std::optional<std::size_t> column(std::string_view name) const;
  // Those called so without regard to case, blanks, '_' and '-': "Image Path" is image_path.
  std::vector<std::size_t> columns_like(std::string_view name) const;
};

enum class TableKind { csv, tsv, jsonl };
std::optional<TableKind> table_kind(const std::filesystem::path& file);  // by extension

// Whether the first line names the columns; without, they are called "1", "2", ...
enum class Header { first_line, none };

// A DataError lists every malformed row as file:line (the first twenty).
Table parse_table(std::string_view bytes, TableKind kind, std::string_view name, Header header = Header::first_line);
Table read_table(const std::filesystem::path& file, Header header = Header::first_line);

}  // namespace graft::data
