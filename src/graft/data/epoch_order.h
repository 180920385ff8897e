// The order of a shuffled epoch, as places in a source, by the seed and the epoch alone. Batch b is the b-th
// `batch_size` of it: each example comes once, and a smaller batch comes last.
//
// Texts are padded to the longest of their batch, so that a batch of like lengths wastes little: after the shuffle,
// windows of some tens of batches are sorted by length and cut into batches, and the batches are shuffled. The smaller
// batch at the end is drawn before that, from all lengths.
//
// Examples of one group come in one batch: what they have in common then cancels out of the batch's gradient, and what
// tells them apart is left. Groups are shuffled in place of examples; the first that still fits comes next, and one is
// cut only where none fits.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "graft/data/source.h"

namespace graft::data {

// Which examples are a group.
enum class Grouping {
  none,
  name,  // those whose files (or folders of frames) have the same name: left/0012.mp4 and right/0012.mp4
};
std::vector<std::pair<Grouping, std::string>> choices(Grouping);

// The number of each training sample's group, from 0 in the order of their first samples; none for Grouping::none.
// ConfigError where a group has more than `batch_size`, or where all are alone.
std::vector<std::int64_t> groups_of(const Dataset& dataset, Grouping grouping, std::int64_t batch_size);

// `groups`: of each place; empty: there are none.
std::vector<std::int64_t> epoch_order(const Source& source, std::int64_t batch_size, std::uint64_t seed,
                                      std::int64_t epoch, const std::vector<std::int64_t>& groups = {});

// All places by the length of their ids, the shortest first; equal lengths in the source's order.
std::vector<std::int64_t> order_by_length(const Source& source);

}  // namespace graft::data
