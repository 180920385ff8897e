// Tables of commas (RFC 4180).
#pragma once

#include <string>
#include <string_view>

namespace graft {

// A cell: in quotes where a comma, a quote or a line break would end it.
inline std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace graft
