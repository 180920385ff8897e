// Many sequences that begin alike, read with as little work as is cheap to plan: what several share is read once, then
// they go on from there, one by one or side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace graft::pipelines::language {

// A stretch that a group of sequences has in common. Sequences are those of [begin, end) in ascending order; they agree
// up to token `to`. Those that end there need nothing more; the others follow side by side (`together`), or as
// branches.
struct SharedPrefix {
  size_t begin = 0, end = 0;
  int64_t to = 0;
  bool together = false;
  std::vector<SharedPrefix> branches = {};
};

// `sequences` in ascending order, at least one, none empty. `call`: what calling the model costs, in tokens.
SharedPrefix plan_prefixes(std::span<const std::vector<int32_t>> sequences, int64_t call = 24);

// Tokens that the plan reads, padding among them.
int64_t tokens_read(const SharedPrefix& plan, std::span<const std::vector<int32_t>> sequences);

}  // namespace graft::pipelines::language
