// Whether two methods are as good as equal: the difference lies inside a margin, in the units of the differences, that
// was stated before the runs. A difference that was not shown is not that.
#pragma once

#include <cstdint>
#include <span>

#include "graft/core/interval.h"
#include "graft/core/random.h"

namespace graft::statistics {

// Two one-sided t tests (Schuirmann 1987): p <= alpha exactly where the interval of 1 - 2 alpha lies inside the margin.
struct Equivalence {
  double p = 1;
  double low_t = 0, high_t = 0;  // (mean + margin) / error and (mean - margin) / error
  Interval interval;             // of 1 - 2 alpha
  bool identical = false;        // the differences are one number: p is 0 or 1, and the t are not there
};
// UsageError for fewer than two pairs or a margin that is not positive.
Equivalence paired_equivalence(std::span<const double> differences, double margin, double alpha = 0.05);

// Both sides by sign flips of d + margin and margin - d, exact under symmetry; 1 / 2^n is the least: five pairs for
// 0.05.
struct SignFlipEquivalence {
  double p = 1, p_low = 1, p_high = 1;
};
SignFlipEquivalence sign_flip_equivalence(std::span<const double> differences, double margin, const Random& random);

// The fewest pairs for which the t form shows equivalence with this power where the true difference is 0; margin over
// deviation. 0 where none up to a million does.
int64_t pairs_for_equivalence(double margin_in_deviations, double power = 0.8, double alpha = 0.05);

}  // namespace graft::statistics
