#include "graft/text/pair_merges.h"

#include <functional>
#include <queue>
#include <tuple>

namespace graft::text {
namespace {

uint64_t pair_key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

}  // namespace

void PairMerges::add(int32_t left, int32_t right, int32_t rank, int32_t joined) {
  merges_.insert_or_assign(pair_key(left, right), Merge{rank, joined});
}

const PairMerges::Merge* PairMerges::find(int32_t left, int32_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void PairMerges::join(std::vector<int32_t>& symbols) const {
  constexpr int32_t kGone = -1;  // joined to the one before
  struct Candidate {
    int32_t rank;
    size_t left;
    int32_t joined;
    bool operator>(const Candidate& other) const { return std::tie(rank, left) > std::tie(other.rank, other.left); }
  };
  const size_t length = symbols.size();
  std::vector<size_t> before(length), after(length);
  for (size_t i = 0; i < length; ++i) {
    before[i] = i - 1;
    after[i] = i + 1;
  }
  const auto merge_at = [&](size_t left) -> const Merge* {
    if (left >= length || symbols[left] == kGone || after[left] >= length) return nullptr;
    return find(symbols[left], symbols[after[left]]);
  };
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto consider = [&](size_t left) {
    if (const Merge* merge = merge_at(left)) candidates.push({merge->rank, left, merge->joined});
  };
  for (size_t i = 0; i + 1 < length; ++i)
    consider(i);
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    const Merge* merge = merge_at(best.left);
    if (merge == nullptr || merge->joined != best.joined) continue;  // a neighbour has changed since
    const size_t right = after[best.left];
    symbols[best.left] = best.joined;
    symbols[right] = kGone;
    after[best.left] = after[right];
    if (after[right] < length) before[after[right]] = best.left;
    consider(before[best.left]);
    consider(best.left);
  }
  std::erase(symbols, kGone);
}

}  // namespace graft::text
