// Precision over recall, and means of it with NumPy's bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "graft/detection/matching.h"

namespace graft::detection {

constexpr std::size_t kRecalls = 101;  // 0, .01 ... 1

// The sum of numpy.add.reduce over doubles: pairs of halves, eight running sums in blocks of 128.
double numpy_sum(std::span<const double> values);
double numpy_mean(std::span<const double> values);  // -1 for none, as pycocotools

// Of one class: `found` by falling score, `objects` that are to be found. Writes the interpolated precision (at each
// recall the highest at that recall or a higher one; 0 where it is not reached) to into[t * kRecalls + r].
void interpolated_precision(std::span<const Found> found, std::size_t objects, std::size_t thresholds,
                            std::span<double> into);

}  // namespace graft::detection
