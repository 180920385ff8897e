#include "graft/engine/words.h"

#include <fmt/format.h>

namespace graft::engine {
namespace {

std::string scaled(double value, const char* const (&units)[4]) {
  size_t unit = 0;
  while (value >= 999.95 && unit < 3) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f}{}", value, units[0]) : fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace

std::string count_words(int64_t count) {
  return scaled(static_cast<double>(count), {"", "k", "M", "G"});
}
std::string bytes_words(int64_t bytes) {
  return scaled(static_cast<double>(bytes), {" B", "kB", "MB", "GB"});
}
std::string percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

}  // namespace graft::engine
