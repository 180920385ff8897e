// The mean of wealths that are kept as logarithms.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace graft::statistics {

inline double mean_of_exponentials(std::span<const double> logs) {
  const double largest = *std::max_element(logs.begin(), logs.end());
  if (std::isinf(largest)) return std::exp(largest);
  double sum = 0;
  for (const double log : logs)
    sum += std::exp(log - largest);
  return std::exp(largest) * sum / static_cast<double>(logs.size());
}

}  // namespace graft::statistics
