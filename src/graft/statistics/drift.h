// How far features have moved: linear centred kernel alignment of two sets of features of the same items (Kornblith et
// al. 2019), 1 for the same up to rotation and scale. Row-major, a row an item.
#pragma once

#include <cstdint>
#include <span>

namespace graft::statistics {

struct Alignment {
  // ||Y'X||^2 / (||X'X|| ||Y'Y||), columns centred. With fewer items than columns it is near 1 for noise too.
  double plain = 0;
  // Each of the three norms less its bias (Song et al. 2012; Nguyen et al. 2021): about 0 for what is unrelated, may be
  // negative. Not a number where one side's corrected norm is not positive.
  double debiased = 0;
};
// UsageError for fewer than four items; DataError where one side is the same for all.
Alignment linear_cka(std::span<const double> x, int64_t x_columns, std::span<const double> y, int64_t y_columns,
                     int64_t items);

}  // namespace graft::statistics
