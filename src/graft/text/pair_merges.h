// Byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909): symbols join pair by pair, the pair that training found
// first before the others, and of equal pairs the leftmost.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace graft::text {

class PairMerges {
 public:
  // A pair that comes again takes the later rank.
  void add(int32_t left, int32_t right, int32_t rank, int32_t joined);
  bool has(int32_t left, int32_t right) const { return find(left, right) != nullptr; }
  // One word's symbols, joined in place.
  void join(std::vector<int32_t>& symbols) const;
  bool operator==(const PairMerges&) const = default;

 private:
  struct Merge {
    int32_t rank, joined;
    bool operator==(const Merge&) const = default;
  };
  const Merge* find(int32_t left, int32_t right) const;  // null: the two do not join

  std::unordered_map<uint64_t, Merge> merges_;  // left << 32 | right
};

}  // namespace graft::text
