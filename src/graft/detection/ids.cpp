#include "graft/detection/ids.h"

#include <charconv>

namespace graft::detection {

std::optional<std::int64_t> Ids::digits(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::int64_t Ids::of_text(std::string_view text) {
  const auto [place, is_new] =
      numbers_.try_emplace(std::string(text), kLowest + static_cast<std::int64_t>(texts_.size()));
  if (is_new) texts_.emplace_back(text);
  return place->second;
}

const std::string& Ids::text_of(std::int64_t number) const {
  return texts_.at(static_cast<std::size_t>(number - kLowest));
}

}  // namespace graft::detection
