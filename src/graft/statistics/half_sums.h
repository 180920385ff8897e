// Counting subsets by their sums in the square root of the work: sums of two halves, each in ascending order, and one
// walk over both (Horowitz & Sahni 1974). Up to 40 parts: 2^20 sums a half.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace graft::statistics {

// All 2^n sums that take `up` or `down` of each part, ascending: {d, -d} are sign flips, {d, 0} subsets.
template <class Number>
std::vector<Number> sums_in_order(std::span<const Number> up, std::span<const Number> down) {
  std::vector<Number> sums{Number{0}}, next;
  for (size_t i = 0; i < up.size(); ++i) {
    const Number larger = std::max(up[i], down[i]), smaller = std::min(up[i], down[i]);
    next.clear();
    next.reserve(2 * sums.size());
    for (size_t a = 0, b = 0; b < sums.size();) {
      if (a < sums.size() && sums[a] + smaller <= sums[b] + larger) {
        next.push_back(sums[a++] + smaller);
      } else {
        next.push_back(sums[b++] + larger);
      }
    }
    sums.swap(next);
  }
  return sums;
}

// How many of the 2^n such sums are at least `threshold`.
template <class Number>
int64_t sums_at_least(std::span<const Number> up, std::span<const Number> down, Number threshold) {
  const size_t half = up.size() / 2;
  const auto first = sums_in_order(up.first(half), down.first(half));
  const auto second = sums_in_order(up.subspan(half), down.subspan(half));
  int64_t count = 0;
  size_t from = second.size();  // second[from ..] are large enough for the present sum of the first half
  for (const Number sum : first) {
    while (from > 0 && sum + second[from - 1] >= threshold)
      --from;
    count += static_cast<int64_t>(second.size() - from);
  }
  return count;
}

}  // namespace graft::statistics
