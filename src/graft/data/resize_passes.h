// The two passes of a resize. Both implementations give the same bytes; passes() picks the fastest that this processor
// runs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "graft/data/resize_weights.h"

namespace graft::data {

// Passes may write this many bytes beyond what they promise, so outputs are allocated with them.
inline constexpr std::size_t kPassPadding = 32;

struct Passes {
  // Rows [row_begin, row_end) of `source`, each resized along x, packed into `out`: [rows, outputs, 3].
  void (*horizontal)(ImageView source, int row_begin, int row_end, const ResizeWeights& weights, std::uint8_t* out);
  // Every output row from rows of `row_bytes` bytes, `stride` apart, packed into `out`: [outputs, row_bytes].
  void (*vertical)(const std::uint8_t* in, std::ptrdiff_t stride, std::size_t row_bytes, const ResizeWeights& weights,
                   std::uint8_t* out);
};

const Passes& plain_passes();
const Passes* avx2_passes();  // null where the processor has no AVX2
const Passes& passes();

}  // namespace graft::data
