#include "graft/statistics/multiplicity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "graft/core/error.h"
#include "graft/statistics/finite.h"

namespace graft::statistics {
namespace {

std::vector<size_t> ascending(std::span<const double> p) {
  for (size_t i = 0; i < p.size(); ++i) {
    if (!(p[i] >= 0 && p[i] <= 1))
      throw DataError("statistics", "p-value {} of {} is {}: expected a number from 0 to 1.", i + 1, p.size(), p[i]);
  }
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });
  return order;
}

}  // namespace

std::vector<double> holm(std::span<const double> p) {
  const auto order = ascending(p);
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(p.size() - i) * p[order[i]]));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

std::vector<double> benjamini_hochberg(std::span<const double> p) {
  const auto order = ascending(p);
  std::vector<double> adjusted(p.size());
  double smallest = 1;
  for (size_t i = order.size(); i-- > 0;) {
    smallest = std::min(smallest, static_cast<double>(p.size()) * p[order[i]] / static_cast<double>(i + 1));
    adjusted[order[i]] = smallest;
  }
  return adjusted;
}

std::vector<bool> e_benjamini_hochberg(std::span<const double> e, double alpha) {
  require_level("alpha", alpha);
  for (size_t i = 0; i < e.size(); ++i) {
    if (!(e[i] >= 0))
      throw DataError("statistics", "e-value {} of {} is {}: expected 0 or more.", i + 1, e.size(), e[i]);
  }
  std::vector<double> falling(e.begin(), e.end());
  std::sort(falling.rbegin(), falling.rend());
  double least = std::numeric_limits<double>::infinity();  // what an e-value must reach
  bool any = false;
  for (size_t k = 1; k <= falling.size(); ++k) {
    if (falling[k - 1] * alpha * static_cast<double>(k) < static_cast<double>(e.size())) continue;
    least = falling[k - 1];
    any = true;
  }
  std::vector<bool> rejected(e.size());
  for (size_t i = 0; i < e.size(); ++i)
    rejected[i] = any && e[i] >= least;
  return rejected;
}

int64_t pairs_for_holm(int64_t comparisons, double alpha) {
  require_count("comparisons", comparisons, 1);
  require_level("alpha", alpha);
  int64_t pairs = 1;
  while (static_cast<double>(comparisons) * std::ldexp(2, -static_cast<int>(pairs)) > alpha)
    ++pairs;
  return pairs;
}

}  // namespace graft::statistics
