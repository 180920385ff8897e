// The rows of a CSV one by one (RFC 4180: quotes, doubled quotes, line breaks inside quotes), so that gigabytes need
// the memory of a row. Gzip is read as it lies; a byte order mark and any line ends are understood; UTF-16 is refused.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "graft/detection/findings.h"

namespace graft::detection {

class CsvRows {
 public:
  // FileError where it cannot be opened.
  CsvRows(const std::filesystem::path& path, Findings& findings);
  ~CsvRows();
  CsvRows(const CsvRows&) = delete;
  CsvRows& operator=(const CsvRows&) = delete;

  // The next row that is not blank and is well-formed: others are left out and told. False at the end.
  bool next();
  const std::vector<std::string>& cells() const { return cells_; }
  std::size_t line() const { return line_; }  // where the row begins, from 1
  std::string place() const;                  // "boxes.csv:12"

 private:
  struct Input;
  static constexpr std::size_t kLongest = std::size_t{1} << 20;  // bytes of a row
  int take();
  bool read_row(std::string& fault);

  std::string name_;
  Findings& findings_;
  Input* input_;
  std::vector<std::string> cells_;
  std::size_t line_ = 1, next_line_ = 1;
  bool ended_ = false;
};

}  // namespace graft::detection
