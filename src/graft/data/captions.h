// Captions' ids side by side.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace graft::data {

inline constexpr std::int32_t kNoToken = -1;  // behind a caption that is shorter than another

// Rows of any length -> [N * C] with C of the longest, kNoToken behind shorter ones.
template <class Id>
std::vector<Id> side_by_side(const std::vector<std::span<const Id>>& rows) {
  std::size_t longest = 0;
  for (const auto& row : rows)
    longest = std::max(longest, row.size());
  std::vector<Id> ids(rows.size() * longest, Id{kNoToken});
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::ranges::copy(rows[i], ids.begin() + static_cast<std::ptrdiff_t>(i * longest));
  return ids;
}

}  // namespace graft::data
