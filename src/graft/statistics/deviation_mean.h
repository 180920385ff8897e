// The mean of a function of s, where v s^2 is chi-squared with v degrees of freedom: s is a sample's deviation over the
// true one. What makes a power with a known deviation one with an estimated one.
#pragma once

#include <algorithm>
#include <cmath>

#include "graft/statistics/distributions.h"
#include "graft/statistics/quadrature.h"

namespace graft::statistics {

// Up to `end` only, if that comes first: where the function has a corner.
template <class Function>
double mean_over_deviation(const Function& function, double freedom, double end = 1e300) {
  const double reach = 12 / std::sqrt(2 * freedom);  // s lies this far from 1 with probability below 1e-16
  const double low = std::max(0.0, 1 - reach), high = std::min(1 + reach, end);
  if (high <= low) return 0;
  return integral([&](double s) { return function(s) * gamma_density(freedom * s * s / 2, freedom / 2) * freedom * s; },
                  low, high);
}

}  // namespace graft::statistics
