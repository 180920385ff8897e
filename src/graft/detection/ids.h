// What files call images and categories: numbers, or texts, which get numbers of their own behind all others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graft/detection/set.h"

namespace graft::detection {

// A text of digits is its number, as files mix the two.
class Ids {
 public:
  // A number that stands for the text, below all that files use: negative, the first is -2^62.
  std::int64_t of_text(std::string_view text);
  // Digits, perhaps with a sign; nothing for other texts.
  static std::optional<std::int64_t> digits(std::string_view text);
  const std::string& text_of(std::int64_t number) const;  // of a number that of_text() gave
  static bool is_text(std::int64_t number) { return number < kLowest / 2; }
  std::size_t texts() const { return texts_.size(); }

 private:
  static constexpr std::int64_t kLowest = -(std::int64_t{1} << 62);
  std::unordered_map<std::string, std::int64_t> numbers_;
  std::vector<std::string> texts_;
};

}  // namespace graft::detection
