#include "graft/core/options.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "graft/core/printable.h"

namespace graft::option {
namespace {

template <class Number>
Number parse_number(std::string_view where, std::string_view name, const std::string& text, std::string_view kind) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    const bool too_large = error == std::errc::result_out_of_range && end == text.data() + text.size();
    throw ConfigError(where, "--{}: expected {}, got '{}'{}.", name, kind, printable(text),
                      too_large ? ", which is out of range" : "");
  }
  return value;
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string all(text);
  for (size_t at = all.find(what); at != all.npos; at = all.find(what, at + by.size()))
    all.replace(at, what.size(), by);
  return all;
}

// "a,b", a line each, or as YAML writes lists: "[a, b]". A comma behind a backslash is the item's own.
std::vector<std::string> split_list(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  std::vector<std::string> items;
  while (!text.empty()) {
    size_t comma = text.find_first_of(",\n");
    while (comma != std::string_view::npos && comma > 0 && text[comma] == ',' && text[comma - 1] == '\\')
      comma = text.find_first_of(",\n", comma + 1);
    std::string_view item = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    while (!item.empty() && item.front() == ' ')
      item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ')
      item.remove_suffix(1);
    if (!item.empty()) items.push_back(replaced(item, "\\,", ","));
  }
  return items;
}

}  // namespace

void parse(std::string_view where, std::string_view name, const std::string& typed, bool& out) {
  std::string text = typed;  // YAML's older spelling, and Python's, is True
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text == "true" || text == "yes" || text == "on" || text == "1") {
    out = true;
  } else if (text == "false" || text == "no" || text == "off" || text == "0") {
    out = false;
  } else {
    throw ConfigError(where, "--{}: expected yes or no, got '{}'.", name, printable(typed));
  }
}

void parse(std::string_view where, std::string_view name, const std::string& text, int64_t& out) {
  out = parse_number<int64_t>(where, name, text, "a whole number");
}

// Numbers are computed with in single precision: what no float holds would be infinite, or nothing, at the first step.
void parse(std::string_view where, std::string_view name, const std::string& text, double& out) {
  using Single = std::numeric_limits<float>;
  const auto value = parse_number<double>(where, name, text, "a number");
  if (!std::isfinite(value)) throw ConfigError(where, "--{}: expected a number, got '{}'.", name, text);
  const double size = std::abs(value);
  if (size > Single::max() || (size > 0 && size < Single::min())) {
    throw ConfigError(where, "--{}: expected a number that single precision holds (0, or {:.2g} to {:.2g}), got '{}'.",
                      name, Single::min(), Single::max(), text);
  }
  out = value;
}

void parse(std::string_view, std::string_view, const std::string& text, std::string& out) {
  out = text;
}

void parse(std::string_view, std::string_view, const std::string& text, std::vector<std::string>& out) {
  out = split_list(text);
}

void parse(std::string_view where, std::string_view name, const std::string& text, std::vector<int64_t>& out) {
  out.clear();
  for (const auto& item : split_list(text)) {
    out.push_back(parse_number<int64_t>(where, name, item, "whole numbers separated by commas"));
  }
}

std::string print(bool value) {
  return value ? "true" : "false";
}
std::string print(int64_t value) {
  return fmt::format("{}", value);
}
std::string print(double value) {
  return fmt::format("{}", value);
}
std::string print(const std::string& value) {
  return value;
}
std::string print(const std::vector<std::string>& value) {
  std::vector<std::string> items;
  for (const auto& item : value)
    items.push_back(replaced(item, ",", "\\,"));
  return fmt::format("{}", fmt::join(items, ","));
}
std::string print(const std::vector<int64_t>& value) {
  return fmt::format("{}", fmt::join(value, ","));
}

void refuse_unknown(std::string_view where, const OptionValues& values, const std::vector<std::string>& known) {
  for (const auto& [name, text] : values) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw ConfigError(where, "{}", unknown_name("option", name, known));
    }
  }
}

}  // namespace graft::option
