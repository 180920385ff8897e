// Small pieces of foreign text: numbers, names of files, other keys.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "graft/detection/set.h"

namespace graft::detection {

// All of the text, finite; nothing for anything else.
inline std::optional<double> number_in(std::string_view text) {
  double value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}
inline std::optional<std::int64_t> whole_in(std::string_view text) {
  const auto value = number_in(text);
  if (!value || std::floor(*value) != *value || std::abs(*value) > 9.0e15) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

// The file that an image is called by in formats that have no other name for it.
std::string file_of(const Image& image);
// "a/b" of "a/b.jpg"; dots in folders stay.
std::string without_ending(std::string_view file);
// '/' between folders, without "./" at the start.
std::string with_slashes(std::string_view file);
// Of an image that is written as a file of its own: DataError where it would lie outside the folder ("../a", "/a").
void refuse_outside(std::string_view file);

}  // namespace graft::detection
