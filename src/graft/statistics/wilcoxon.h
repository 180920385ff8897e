// Wilcoxon's signed ranks (1945) of paired differences: exact whatever the ties and zeros are, by convolution of
// doubled ranks (whole numbers). Ranks are of |d|; give whole items: floats break ties.
#pragma once

#include <cstdint>
#include <span>

namespace graft::statistics {

enum class Zeros {
  wilcox,  // dropped, then the rest is ranked (Wilcoxon 1945)
  pratt,   // ranked with the rest, their ranks then dropped (Pratt 1959)
  zsplit,  // ranked, half of their ranks to each side: the same p as pratt, for a constant is added to both
};

struct Wilcoxon {
  double positive = 0, negative = 0;  // sums of ranks R+ and R-
  int64_t nonzero = 0;
  double p = 1;  // two-sided; exact up to 1,000 non-zero differences, then p_normal
  bool exact = true;
  double p_normal = 1;     // by the normal form, its variance corrected for ties
  double p_corrected = 1;  // and for continuity, by half a rank
};
// All zero, or none: p = 1. DataError for a value that is not finite.
Wilcoxon wilcoxon(std::span<const double> differences, Zeros zeros = Zeros::wilcox);
Wilcoxon wilcoxon(std::span<const int64_t> differences, Zeros zeros = Zeros::wilcox);

}  // namespace graft::statistics
