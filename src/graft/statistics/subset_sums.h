// How the sum of a subset is distributed when each part is in it or not with probability 1/2: what sign flips and
// signed ranks come to. Shares are exact up to 53 parts (they are multiples of 2^-n), beyond that to rounding.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace graft::statistics {

// P(sum = s) for s = 0 .. limit; parts are positive. Takes parts x limit steps.
std::vector<double> subset_sum_shares(std::span<const int64_t> parts, int64_t limit);

// P(sum <= limit); 0 below 0.
double subset_sum_cdf(std::span<const int64_t> parts, int64_t limit);

}  // namespace graft::statistics
