// Strings in order, for one question: which of them does a text begin with?
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace graft::text {

class PrefixIndex {
 public:
  struct Entry {
    std::string text;  // not empty, unlike any other's
    int32_t value;
  };
  PrefixIndex() = default;
  explicit PrefixIndex(std::vector<Entry> entries);

  // visit(length, value) for each entry that `text` begins with, the shortest first.
  template <class Visit>
  void each(std::string_view text, const Visit& visit) const {
    if (text.empty()) return;
    const auto first = static_cast<unsigned char>(text[0]);
    auto low = entries_.begin() + static_cast<std::ptrdiff_t>(begins_[first]);
    auto high = entries_.begin() + static_cast<std::ptrdiff_t>(begins_[first + 1u]);
    for (size_t depth = 1; low != high; ++depth) {  // all from low to high begin with the text's first `depth` bytes
      if (low->text.size() == depth) {
        visit(depth, low->value);
        ++low;
      }
      if (depth == text.size()) return;
      const auto next = static_cast<unsigned char>(text[depth]);
      const auto byte = [depth](const Entry& entry) { return static_cast<unsigned char>(entry.text[depth]); };
      low = std::partition_point(low, high, [&](const Entry& entry) { return byte(entry) < next; });
      high = std::partition_point(low, high, [&](const Entry& entry) { return byte(entry) == next; });
    }
  }
  size_t longest(std::string_view text) const;  // bytes of the longest such entry; 0: none
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<Entry> entries_;           // ascending
  std::array<size_t, 257> begins_ = {};  // [first byte] where its entries begin
};

}  // namespace graft::text
