// The filters of resize.h as weights in fixed point, for one direction.
#pragma once

#include <cstdint>
#include <vector>

#include "graft/data/resize.h"

namespace graft::data {

// A weight of 1 is 1 << kWeightBits: 32 bits less the 8 of a pixel and 2 for sums that leave 0..1.
inline constexpr int kWeightBits = 32 - 8 - 2;

struct ResizeWeights {
  int taps = 0;                      // room for one output's weights, unused ones are 0
  std::vector<int> first;            // [outputs], the first source pixel
  std::vector<int> count;            // [outputs], how many
  std::vector<std::int32_t> values;  // [outputs, taps]

  int outputs() const { return static_cast<int>(first.size()); }
  const std::int32_t* at(int output) const { return values.data() + static_cast<std::size_t>(output) * taps; }
};

// For outputs [begin, end) of the `out_size` that the source interval from `low` to `high` is resized to.
ResizeWeights resize_weights(Filter filter, int in_size, float low, float high, int out_size, int begin, int end);

// Of the nearest filter, likewise: the source pixel of each.
std::vector<int> nearest_positions(int in_size, float low, float high, int out_size, int begin, int end);

}  // namespace graft::data
