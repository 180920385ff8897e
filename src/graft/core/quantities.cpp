#include "graft/core/quantities.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>

#include "graft/core/error.h"
#include "graft/core/printable.h"

namespace graft {
namespace {

constexpr double kMostBytes = 1e18;  // a number of int64_t, with room for sums

std::string scaled(double value, const char* const (&units)[4]) {
  size_t unit = 0;
  while (value >= 999.95 && unit < 3) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f}{}", value, units[0]) : fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace

std::string format_count(int64_t count) {
  return scaled(static_cast<double>(count), {"", "k", "M", "G"});
}
std::string format_bytes(int64_t bytes) {
  return scaled(static_cast<double>(bytes), {" B", "kB", "MB", "GB"});
}
int64_t parse_bytes(std::string_view where, std::string_view option, const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  std::string unit;
  for (const char* at = rest; at != end; ++at) {
    if (*at != ' ') unit += static_cast<char>(std::toupper(static_cast<unsigned char>(*at)));
  }
  constexpr std::string_view kScales = "KMGT";
  const auto scale = unit.empty() ? std::string_view::npos : kScales.find(unit[0]);
  const std::string after = scale == std::string_view::npos ? unit : unit.substr(1);
  const double base = after == "IB" ? 1024 : 1000;
  const double bytes = number * (scale == std::string_view::npos ? 1 : std::pow(base, double(scale + 1)));
  const bool is_unit = after.empty() || after == "B" || after == "IB";
  if (error != std::errc() || !is_unit || !(bytes >= 1 && bytes <= kMostBytes)) {
    throw ConfigError(where, "--{} {}: expected a number of bytes, as 4G, 900M or 2GiB.", option, printable(text));
  }
  return static_cast<int64_t>(bytes);
}
std::string percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

}  // namespace graft
