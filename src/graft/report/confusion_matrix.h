// What is taken for what, as a table whose shades are the shares of a row.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace graft::report {

struct ConfusionMatrix {
  std::vector<std::string> truth;  // the rows
  std::vector<std::string> told;   // the columns, the truth's in their order first
  std::vector<int64_t> counts;     // [truth, told], row after row
  std::string unit = "photos";     // what is counted
  bool in_percent = false;         // cells hold shares of their rows, where counts have no room
};

std::string to_html(const ConfusionMatrix& matrix);

}  // namespace graft::report
