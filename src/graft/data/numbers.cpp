#include "graft/data/numbers.h"

#include <charconv>
#include <cmath>
#include <system_error>

namespace graft::data {
namespace {

template <class Number>
std::optional<Number> whole_of(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::int64_t> whole_number(std::string_view text) {
  return whole_of<std::int64_t>(text);
}

std::optional<double> number_from_zero(std::string_view text) {
  const auto value = whole_of<double>(text);
  return value && std::isfinite(*value) && *value >= 0 ? value : std::nullopt;
}

}  // namespace graft::data
