// Rows of words in columns: as wide as their widest cell, two spaces apart, numbers to the right.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace graft::cli {

enum class Align { left, right };

class TextTable {
 public:
  explicit TextTable(std::vector<Align> columns) : columns_(std::move(columns)) {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::vector<std::string> lines() const;  // without spaces at the end

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

class Terminal;
void print(const TextTable& table, Terminal& terminal, std::string_view before = "");  // `before` each line

size_t width_of(std::string_view text);  // in columns of a terminal, for text without wide letters

}  // namespace graft::cli
