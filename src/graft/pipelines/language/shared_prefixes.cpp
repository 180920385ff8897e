#include "graft/pipelines/language/shared_prefixes.h"

#include <algorithm>

namespace graft::pipelines::language {
namespace {

using Sequences = std::span<const std::vector<int32_t>>;

struct Planned {
  SharedPrefix plan;
  int64_t cost = 0;  // in tokens, calls counted as such
};

int64_t length_of(const std::vector<int32_t>& sequence) {
  return static_cast<int64_t>(sequence.size());
}

// Of those that are longer than what they share: how many, and the longest rest.
struct Rest {
  size_t first = 0;  // the shorter ones come first
  int64_t count = 0, longest = 0;
};
Rest rest_of(const SharedPrefix& group, Sequences sequences) {
  Rest rest{group.begin};
  while (rest.first < group.end && length_of(sequences[rest.first]) == group.to)
    ++rest.first;
  rest.count = static_cast<int64_t>(group.end - rest.first);
  for (size_t i = rest.first; i < group.end; ++i)
    rest.longest = std::max(rest.longest, length_of(sequences[i]) - group.to);
  return rest;
}

Planned plan(Sequences sequences, size_t begin, size_t end, int64_t from, int64_t call) {
  const auto& first = sequences[begin];
  const auto& last = sequences[end - 1];
  const auto differ = std::mismatch(first.begin(), first.end(), last.begin(), last.end());
  Planned planned{{begin, end, differ.first - first.begin()}};
  auto& group = planned.plan;
  if (group.to > from) planned.cost = call + group.to - from;
  const Rest rest = rest_of(group, sequences);
  if (rest.count == 0) return planned;
  const int64_t together = call + rest.count * rest.longest;
  int64_t apart = 0;
  for (size_t i = rest.first; i < end;) {
    size_t next = i + 1;
    const auto at = static_cast<size_t>(group.to);
    while (next < end && sequences[next][at] == sequences[i][at])
      ++next;
    auto branch = plan(sequences, i, next, group.to, call);
    apart += branch.cost;
    group.branches.push_back(std::move(branch.plan));
    i = next;
  }
  group.together = together <= apart;
  if (group.together) group.branches.clear();
  planned.cost += std::min(together, apart);
  return planned;
}

int64_t tokens_below(const SharedPrefix& group, Sequences sequences, int64_t from) {
  int64_t tokens = group.to - from;
  const Rest rest = rest_of(group, sequences);
  if (group.together) tokens += rest.count * rest.longest;
  for (const auto& branch : group.branches)
    tokens += tokens_below(branch, sequences, group.to);
  return tokens;
}

}  // namespace

SharedPrefix plan_prefixes(Sequences sequences, int64_t call) {
  return plan(sequences, 0, sequences.size(), 0, call).plan;
}

int64_t tokens_read(const SharedPrefix& plan, Sequences sequences) {
  return tokens_below(plan, sequences, 0);
}

}  // namespace graft::pipelines::language
