// The permutation law of Friedman's statistic: ranks are exchanged inside each set, as often as they stand there.
#pragma once

#include <cstdint>
#include <vector>

#include "graft/core/random.h"

namespace graft::statistics {

using RankTable = std::vector<std::vector<int64_t>>;  // sets x methods, doubled ranks

struct PermutationP {
  double p = 1;
  bool exact = true;
};
// The share of permutations whose sum over methods of squared rank sums is as large. Counted by convolution of the
// vectors of rank sums for up to four methods, while that stays near a second; else 99,999 are drawn.
PermutationP permutation_p(const RankTable& ranks, const Random& random);

}  // namespace graft::statistics
