// Where in a list an id stands.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "graft/detection/set.h"

namespace graft::detection {

// Ids that lie close together, as most files number, are looked up in a table; others by hash. Of equal ids the first
// counts.
class IdPlaces {
 public:
  // `repeated(place)` is called for each entry whose id was there before.
  template <class Entries, class Repeated>
  IdPlaces(const Entries& entries, Repeated&& repeated) {
    if (entries.empty()) return;
    const auto [low, high] = std::ranges::minmax(entries, {}, [](const auto& entry) { return entry.id; });
    lowest_ = low.id;
    const std::uint64_t span = static_cast<std::uint64_t>(high.id) - static_cast<std::uint64_t>(low.id);
    const bool dense = span / 8 < entries.size();
    if (dense) table_.assign(span + 1, kNone);
    for (std::size_t k = 0; k < entries.size(); ++k) {
      const auto place = static_cast<Index>(k);
      bool is_new = true;
      if (dense) {
        Index& entry = table_[static_cast<std::uint64_t>(entries[k].id) - static_cast<std::uint64_t>(lowest_)];
        is_new = entry == kNone;
        if (is_new) entry = place;
      } else {
        is_new = others_.try_emplace(entries[k].id, place).second;
      }
      if (!is_new) repeated(k);
    }
  }

  // kNone where it is not.
  Index of(std::int64_t id) const {
    const std::uint64_t at = static_cast<std::uint64_t>(id) - static_cast<std::uint64_t>(lowest_);
    if (at < table_.size()) return table_[at];
    const auto found = others_.find(id);
    return found == others_.end() ? kNone : found->second;
  }

 private:
  std::int64_t lowest_ = 0;
  std::vector<Index> table_;
  std::unordered_map<std::int64_t, Index> others_;
};

}  // namespace graft::detection
