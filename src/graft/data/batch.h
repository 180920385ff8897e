// Some of a source's examples side by side.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graft/data/captions.h"
#include "graft/data/source.h"

namespace graft::data {

// Of photos, clips and features `images` alone is filled, of texts `ids`, `types` and `lengths`. T is padded_length()
// of the longest text; behind a shorter one stands the source's pad.
struct Batch {
  std::vector<float> images;             // [B * frames, 3, H, W], of features [B, D]
  std::int64_t frames = 1;               // of an example, one after another
  Reads reads = Reads::photo;            // as the source says
  std::vector<std::int32_t> ids, types;  // [B, T]
  std::vector<std::int64_t> lengths;     // [B], of ids that are no padding
  std::vector<std::int64_t> labels;      // [B]
  std::vector<float> values;             // [B, V]; empty where the samples have none
  std::vector<std::int32_t> captions;    // [B, C] of the longest, kNoToken behind shorter ones; empty: there are none
  std::vector<std::uint8_t> masks;       // [B, H, W] of mask_size; empty: there are none
  Size mask_size = {};
  std::vector<std::int64_t> indices;  // [B], places in the source
  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t length() const { return ids.empty() ? 0 : static_cast<std::int64_t>(ids.size()) / size(); }  // T
  bool operator==(const Batch&) const = default;
};

// A text's length rounded up to a multiple of 8, of which vector registers hold a whole number, but never beyond what
// the source calls the longest.
std::int64_t padded_length(const Source& source, std::int64_t longest);

// The captions of some of a source's examples, [B, C] with C of the longest, kNoToken behind shorter ones.
std::vector<std::int32_t> captions_of(const Source& source, std::span<const std::int64_t> indices);

// Makes room for the examples of `indices`, with their targets; of texts all of it padding. Memory is used again.
void make_room(Batch& batch, const Source& source);
// Reads the batch's example number `place` into it. Threads may fill different ones.
void fill(Batch& batch, const Source& source, std::int64_t place, Random random);

// All of that at once, for examples in which nothing is random.
Batch batch_of(const Source& source, std::vector<std::int64_t> indices);

}  // namespace graft::data
