// The order of a shuffled epoch, as places in a source, by the seed and the epoch alone. Batch b is the b-th
// `batch_size` of it: each example comes once, and a smaller batch comes last.
//
// Texts are padded to the longest of their batch, so that a batch of like lengths wastes little: after the shuffle,
// windows of some tens of batches are sorted by length and cut into batches, and the batches are shuffled. The smaller
// batch at the end is drawn before that, from all lengths.
#pragma once

#include <cstdint>
#include <vector>

#include "graft/data/source.h"

namespace graft::data {

std::vector<std::int64_t> epoch_order(const Source& source, std::int64_t batch_size, std::uint64_t seed,
                                      std::int64_t epoch);

// All places by the length of their ids, the shortest first; equal lengths in the source's order.
std::vector<std::int64_t> order_by_length(const Source& source);

}  // namespace graft::data
