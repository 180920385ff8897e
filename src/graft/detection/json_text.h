// JSON as we write it: the same set gives the same bytes.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include "graft/core/error.h"

namespace graft::detection {

// In quotes; UTF-8 stays as it is.
inline std::string json_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        quoted += "\\\"";
        break;
      case '\\':
        quoted += "\\\\";
        break;
      case '\n':
        quoted += "\\n";
        break;
      case '\r':
        quoted += "\\r";
        break;
      case '\t':
        quoted += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        else
          quoted += c;
    }
  }
  return quoted + '"';
}

inline void append_whole(std::string& text, std::int64_t value) {
  const fmt::format_int digits(value);
  text.append(digits.data(), digits.size());
}

// The shortest text that reads back as the same number.
inline void append_number(std::string& text, double value) {
  if (!std::isfinite(value)) throw InternalError("json", "a number that is not finite was about to be written.");
  if (value == std::floor(value) && std::abs(value) < 9.0e15)
    append_whole(text, static_cast<std::int64_t>(value));
  else
    fmt::format_to(std::back_inserter(text), "{}", value);
}
inline std::string json_number(double value) {
  std::string text;
  append_number(text, value);
  return text;
}

}  // namespace graft::detection
